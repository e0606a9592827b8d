// An equation wider than its column scrolls sideways, so the keyboard must reach it.

const reach = new ResizeObserver(entries => {
  for (const { target } of entries)
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
});

window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  for (const equation of document.querySelectorAll('mjx-container[display="true"]')) reach.observe(equation);
});
