// What is wider than its column scrolls sideways: the keyboard reaches it, and its edge fades.

const OURS = 'mjx-container[display="true"], .wide-drawing, .needs';
const SCROLLS = `${OURS}, .pst-scrollable-table-container, div.highlight pre`;
const WIDE = 6 * 96; // pixels, beyond which a drawing's letters are too small on a phone

function look(element) {
  const { scrollLeft, clientWidth, scrollWidth } = element;
  element.classList.toggle("more", scrollLeft + clientWidth < scrollWidth - 1);
  if (!element.matches(OURS)) return; // the theme sees to the others
  if (scrollWidth > clientWidth) element.tabIndex = 0;
  else element.removeAttribute("tabindex");
}

// A box of its own for a drawing, so that the caption below doesn't scroll.
function boxed(drawing) {
  const box = document.createElement("div");
  box.className = "wide-drawing";
  drawing.replaceWith(box);
  box.append(drawing);
}

window.addEventListener("load", async () => {
  const drawings = [...document.querySelectorAll(".bd-article figure > img")];
  drawings.filter(drawing => drawing.naturalWidth > WIDE).forEach(boxed);
  await window.MathJax?.startup?.promise;
  const resized = new ResizeObserver(entries => entries.forEach(({ target }) => look(target)));
  for (const element of document.querySelectorAll(SCROLLS)) {
    resized.observe(element);
    element.addEventListener("scroll", () => look(element), { passive: true });
  }
});
