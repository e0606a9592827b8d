// How far a reader has come, on the introduction, and a way to forget it. Nothing leaves this browser.

const count = values => Object.values(values).length;

function line(name, counts) {
  const given = kind => memory.get(name, kind);
  const solved = Object.values(given("exercises")).filter(({ right }) => right).length;
  const right = Object.values(given("quiz")).filter(Boolean).length;
  const parts = [];
  if (count(given("guess"))) parts.push("predicted");
  if (solved) parts.push(`${solved} of ${counts.exercises} exercises with an answer here`);
  if (count(given("quiz"))) parts.push(`quiz: ${count(given("quiz"))} of ${counts.quiz} answered, ${right} right at the first try`);
  return parts.length ? `You: ${parts.join("; ")}.` : "";
}

function forget(label, clear) {
  const box = document.createElement("p"), button = document.createElement("button");
  Object.assign(button, { type: "button", className: "plain-button", textContent: label });
  button.addEventListener("click", () => {
    clear();
    location.reload();
  });
  box.className = "forget";
  box.append(button);
  return box;
}

const lines = [...document.querySelectorAll(".progress-line")];
for (const place of lines) {
  place.textContent = line(place.dataset.chapter, JSON.parse(place.dataset.counts));
  place.hidden = !place.textContent;
}
if (lines.some(place => !place.hidden))
  document.querySelector(".cards").after(forget("Forget all that I answered in this book", () => memory.clear()));

// In a chapter it stands behind the quiz.
if (document.querySelector(".reader-form"))
  document.getElementById("quiz")?.append(forget("Forget what I answered in this chapter", () => memory.clear(here)));
