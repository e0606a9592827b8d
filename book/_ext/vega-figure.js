// Draws each interactive figure of a page. The build bundles this file with Vega (datawall_site.py).
// Every line and label of a chart takes the colour of the page's text; marks follow the signal "dark".
const ink = "currentColor";
const text = { labelColor: ink, titleColor: ink, labelFontSize: 12, titleFontSize: 13 };
const config = {
  background: "transparent",
  // On a phone numbers that would touch are left out.
  axis: { ...text, labelSeparation: 6, domainColor: ink, tickColor: ink, gridColor: ink, gridOpacity: 0.15 },
  legend: text,
  header: text,
  title: { color: ink, subtitleColor: ink },
  view: { stroke: "transparent" },
};
const page = document.documentElement;
const isDark = () => page.dataset.theme === "dark";

// A chart is as wide as its column, when that grows or shrinks, too. It is laid out twice: the first time the room for
// its legend is that of the width before.
function followWidth(view, chart) {
  let drawn = chart.clientWidth;
  new ResizeObserver(async () => {
    const width = chart.clientWidth;
    if (!width || width === drawn) return;
    drawn = width;
    await view.width(width).runAsync();
    view.runAsync();
  }).observe(chart);
}

function followTheme(view) {
  const tell = () => view.signal("dark", isDark()).runAsync();
  new MutationObserver(tell).observe(page, { attributes: true, attributeFilter: ["data-theme"] });
  tell();
}

// Once a slider has moved, no entry of the list of presets says where the sliders stand.
function releasePreset(view, figure) {
  const list = figure.querySelector('select[name="preset"]');
  if (!list) return;
  figure.addEventListener("input", (event) => {
    if (event.target.type !== "range" || list.selectedIndex === 0) return;
    view.signal("preset", list.options[0].value).runAsync();
  });
}

// The name of a row of radio buttons stands beside them, and is said with them.
function nameChoices(figure) {
  for (const row of figure.querySelectorAll(".vega-bind:has(.vega-bind-radio)")) {
    row.setAttribute("role", "radiogroup");
    row.setAttribute("aria-label", row.querySelector(".vega-bind-name").textContent.trim());
  }
}

for (const figure of document.querySelectorAll("figure.vega-figure")) {
  const source = figure.querySelector('script[type="application/vnd.vegalite+json"]');
  const chart = document.createElement("div");
  chart.className = "vega-chart";
  source.before(chart);
  const spec = JSON.parse(source.textContent);
  // The page, not the notebook, says how wide a chart is; a number, since Vega would lay a "container" out by itself.
  spec.width = chart.clientWidth;
  spec.autosize = { type: "fit-x", contains: "padding", resize: true };
  vegaEmbed(chart, spec, { config, renderer: "svg", actions: false, defaultStyle: false })
    .then(({ view }) => {
      figure.view = view; // so that what is drawn can be asked for
      followWidth(view, chart);
      if (spec.params?.some(({ name }) => name === "dark")) followTheme(view);
      releasePreset(view, figure);
      nameChoices(figure);
      return view.runAsync();
    })
    .then(() => figure.classList.add("drawn"))
    .catch((error) => {
      chart.textContent = "This chart could not be drawn.";
      console.error(error);
    });
}
