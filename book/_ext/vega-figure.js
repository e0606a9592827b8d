// Draws each interactive figure of a page. The build bundles this file with Vega (datawall_site.py).
// Every line and label of a chart takes the colour of the page's text, so light and dark need no redrawing.
const ink = "currentColor";
const text = { labelColor: ink, titleColor: ink, labelFontSize: 12, titleFontSize: 13 };
const config = {
  background: "transparent",
  axis: { ...text, domainColor: ink, tickColor: ink, gridColor: ink, gridOpacity: 0.15 },
  legend: text,
  header: text,
  title: { color: ink, subtitleColor: ink },
  view: { stroke: "transparent" },
};

for (const figure of document.querySelectorAll("figure.vega-figure")) {
  const source = figure.querySelector('script[type="application/vnd.vegalite+json"]');
  const chart = document.createElement("div");
  source.before(chart);
  const spec = JSON.parse(source.textContent);
  // The page, not the notebook, says how wide a chart is.
  spec.width = "container";
  spec.autosize = { type: "fit-x", contains: "padding" };
  vegaEmbed(chart, spec, { config, renderer: "svg", actions: false, defaultStyle: false })
    .then(() => figure.classList.add("drawn"))
    .catch((error) => {
      chart.textContent = "This chart could not be drawn.";
      console.error(error);
    });
}
