// Exercises that ask for a number or a letter, answered on the page with the hints that a notebook gives.

const near = (value, target, { within, tolerance }) => within !== undefined
  ? Math.abs(value - target) <= within
  : Math.abs(value - target) <= Math.max(tolerance * Math.max(Math.abs(value), Math.abs(target)), tolerance * 1e-6);

// What is wrong with an answer, or "" if nothing is: as datawall.page.exercises says it.
const wrong = {
  number(asked, text) {
    const { asks, answer } = asked;
    let value = typed(text);
    if (Number.isNaN(value)) return "a single number is asked for, such as 0.25 or 6e11.";
    if (/(%|percent|per cent)\s*$/i.test(text)) {
      if (asks === undefined) return "percents are not asked for. Give a number without them.";
      if (asks === "share") value /= 100;
    }
    if (near(value, answer, asked)) return "";
    for (const mistake of asked.mistakes ?? [])
      if (near(value, mistake.answer, asked)) return mistake.look;
    if (near(-value, answer, asked)) return "the size is right, and the sign is not.";
    if (asks === "share" && near(value / 100, answer, asked)) return "that is in percent; give the share itself.";
    if (asks === "percent" && near(value * 100, answer, asked)) return "that is a share; percents are asked for.";
    return asked.look;
  },
  choice: (asked, letter) => letter === asked.answer ? "" : asked.choices[letter] ?? "choose one of the letters.",
};

function offerExercise(form) {
  const [chapter, number] = form.dataset.exercise.split("/"), asked = decoded(form.dataset.key);
  const said = form.querySelector("output"), before = memory.get(chapter, "exercises")[number];
  if (before?.right) said.textContent = `Right, as you answered before: ${before.answer}.`;
  form.addEventListener("submit", event => {
    event.preventDefault();
    const answer = new FormData(form).get("answer") ?? "";
    if (!answer.trim()) {
      said.textContent = "Not yet: give an answer first.";
      return;
    }
    const look = wrong[asked.kind](asked, answer);
    said.textContent = look ? `Not yet: ${look.replaceAll("`", "")}` : "Right.";
    const solved = memory.get(chapter, "exercises")[number]?.right; // what was right once stays so
    if (!solved) memory.set(chapter, "exercises", number, { answer, right: !look });
  });
  // The stub's stored output only asks for an answer, which is now asked for here.
  form.previousElementSibling?.querySelector(".cell_output")?.setAttribute("hidden", "");
  form.hidden = false;
}

document.querySelectorAll("form.answer-form").forEach(offerExercise);
