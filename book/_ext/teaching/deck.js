// One slide at a time, by keys, buttons or a touch; without this script all of them, one below the other.
const slides = [...document.querySelectorAll(".slide")];
const place = () => Math.max(0, slides.findIndex(slide => `#${slide.id}` === location.hash));

function show(number) {
  const now = Math.min(Math.max(number, 0), slides.length - 1);
  slides.forEach((slide, n) => slide.classList.toggle("now", n === now));
  slides[now].scrollTop = 0;
  history.replaceState(null, "", `#${slides[now].id}`);
}

const notes = () => document.body.classList.toggle("with-notes");
const KEYS = {
  ArrowRight: () => show(place() + 1), ArrowDown: () => show(place() + 1), PageDown: () => show(place() + 1), " ": () => show(place() + 1),
  ArrowLeft: () => show(place() - 1), ArrowUp: () => show(place() - 1), PageUp: () => show(place() - 1), Home: () => show(0),
  End: () => show(slides.length - 1), n: notes, N: notes, p: () => print(), P: () => print(),
};
addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
  if (event.key === " " && event.target.closest("button")) return; // it presses the button
  event.preventDefault();
  KEYS[event.key]();
});
document.querySelectorAll("[data-go]").forEach(button => {
  button.addEventListener("click", () => show(place() + Number(button.dataset.go)));
});
document.querySelector("[data-notes]").addEventListener("click", notes);
addEventListener("hashchange", () => show(place()));
document.body.classList.add("shown-by-one");
show(place());
