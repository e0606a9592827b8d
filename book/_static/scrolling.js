// What is wider than its column scrolls sideways: the keyboard reaches it, and its edge fades.

const SCROLLS = 'mjx-container[display="true"], .pst-scrollable-table-container, div.highlight pre';

function look(element) {
  const { scrollLeft, clientWidth, scrollWidth } = element;
  element.classList.toggle("more", scrollLeft + clientWidth < scrollWidth - 1);
  if (!element.matches("mjx-container")) return; // the theme sees to the others
  if (scrollWidth > clientWidth) element.tabIndex = 0;
  else element.removeAttribute("tabindex");
}

window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  const resized = new ResizeObserver(entries => entries.forEach(({ target }) => look(target)));
  for (const element of document.querySelectorAll(SCROLLS)) {
    resized.observe(element);
    element.addEventListener("scroll", () => look(element), { passive: true });
  }
});
