// Paper is white: what is printed from a dark page is printed from a light one.
let shown;
addEventListener("beforeprint", () => {
  shown ??= document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
});
addEventListener("afterprint", () => {
  if (shown) document.documentElement.dataset.theme = shown;
  shown = undefined;
});
