// The quiz's score, and a search whose excerpts are of a page's text and keep its answers to themselves.
// Without this script the quiz still opens and answers.

// The first choice that is opened counts; a click, also one by keyboard, and not what a printer opens.
function keepScore(quiz) {
  const questions = [...quiz.querySelectorAll("section")].filter(q => q.querySelector(":scope > details.choice"));
  const firsts = new Map();
  const before = memory.get(here, "quiz");
  questions.forEach((question, number) => {
    if (number in before) firsts.set(question, before[number]);
  });
  const score = document.createElement("p");
  score.className = "quiz-score";
  score.setAttribute("role", "status"); // read out when it changes
  const again = document.createElement("button");
  again.type = "button";
  again.className = "quiz-again plain-button";
  again.textContent = "Start again";
  // Below each question how it was answered at first, also after the page is opened again.
  const marks = questions.map(question => {
    const mark = document.createElement("p");
    mark.className = "quiz-mark on-screen";
    question.append(mark);
    return mark;
  });
  const show = () => {
    questions.forEach((question, number) => {
      const first = firsts.get(question);
      marks[number].textContent = first === undefined ? "" : `${first ? "Right" : "Wrong"} at the first try.`;
    });
    const right = [...firsts.values()].filter(Boolean).length, left = questions.length - firsts.size;
    const of = left ? firsts.size : questions.length;
    score.textContent = firsts.size
      ? `${right} of ${of} right at the first try${left ? `, ${left} to go` : ""}.`
      : "Your score: the first choice that you open counts.";
    again.hidden = firsts.size === 0;
  };
  for (const [number, question] of questions.entries()) {
    for (const choice of question.querySelectorAll(":scope > details.choice")) {
      choice.querySelector("summary").addEventListener("click", () => {
        if (choice.open || firsts.has(question)) return;
        const right = choice.querySelector("strong").textContent.startsWith("Right");
        firsts.set(question, right);
        memory.set(here, "quiz", number, right);
        show();
      });
    }
  }
  again.addEventListener("click", () => {
    firsts.clear();
    memory.clear(here, "quiz");
    quiz.querySelectorAll("details.choice").forEach(choice => { choice.open = false; });
    show();
    questions[0].querySelector("summary").focus();
  });
  show();
  quiz.append(score, again);
}

const quiz = document.getElementById("quiz");
if (quiz?.querySelector("details.choice")) keepScore(quiz);

if (typeof Search !== "undefined") {
  const plain = Search.htmlToText;
  Search.htmlToText = (html, ...rest) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    page.querySelectorAll("details.choice, details.solution > :not(summary)")
      .forEach(answer => answer.remove());
    const text = page.querySelector("article"); // without the menus and contents around it
    if (text) page.querySelector('[role="main"]').replaceChildren(text);
    return plain(page.documentElement.outerHTML, ...rest);
  };
}
