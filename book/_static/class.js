// A class's predictions as histograms, beside what was measured. Nothing leaves this browser.

const SVG = "http://www.w3.org/2000/svg", BINS = 12, WIDTH = 560, HEIGHT = 170, FOOT = 34;

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// A comma may stand between fields or mark thousands: whichever gives as many numbers as are asked for.
const BETWEEN = [/[;\t]|,(?!\d{3}(?:\D|$))/, /[;\t,]/];

// Lines with as many numbers as are asked for; names are left out, and so are lines without a digit, such as a head.
function readLines(text, columns) {
  const rows = [], left = [];
  for (const line of text.split(/\r?\n/).filter(line => /\d/.test(line))) {
    const numbers = BETWEEN
      .map(between => line.split(between).map(field => typed(field.replace(/^\s*"|"\s*$/g, ""))))
      .map(fields => fields.filter(value => !Number.isNaN(value)))
      .find(found => found.length === columns);
    if (numbers) rows.push(numbers);
    else left.push(line.trim());
  }
  return { rows, left };
}

const middle = values => {
  const sorted = [...values].sort((a, b) => a - b), half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};
const counted = n => `${n} prediction${n === 1 ? "" : "s"}`;
const plain = value => Number(value.toPrecision(4)).toString();

function histogram(values, { ask, unit, measured }, reveal) {
  const found = parseFloat(measured), all = reveal ? [...values, found] : values;
  let low = Math.min(...all), high = Math.max(...all);
  if (low === high) [low, high] = [low - 0.5, high + 0.5];
  const counts = new Array(BINS).fill(0);
  for (const value of values) counts[Math.min(BINS - 1, Math.floor((value - low) / (high - low) * BINS))] += 1;
  const most = Math.max(...counts), x = value => 10 + (value - low) / (high - low) * (WIDTH - 20);
  const drawing = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT + FOOT}`, role: "img", class: "histogram" });
  const after = unit ? ` ${unit}` : "";
  const said = `${ask}: ${counted(values.length)} from ${plain(Math.min(...values))} to `
    + `${plain(Math.max(...values))}, in the middle ${plain(middle(values))}${after}.`
    + (reveal ? ` Measured: ${measured}${after}.` : "");
  drawing.append(element("title", {}, said));
  counts.forEach((count, bin) => {
    const height = count / most * (HEIGHT - 30), left = 10 + bin * (WIDTH - 20) / BINS;
    drawing.append(element("rect", { x: left + 1, y: HEIGHT - height, width: (WIDTH - 20) / BINS - 2, height }));
    if (count) drawing.append(element("text", { x: left + (WIDTH - 20) / BINS / 2, y: HEIGHT - height - 4 }, count));
  });
  for (const value of [low, (low + high) / 2, high])
    drawing.append(element("text", { x: Math.min(Math.max(x(value), 24), WIDTH - 24), y: HEIGHT + 18 }, plain(value)));
  if (reveal) {
    drawing.append(element("line", { x1: x(found), x2: x(found), y1: 8, y2: HEIGHT }));
    drawing.append(element("text", { x: Math.min(Math.max(x(found), 40), WIDTH - 40), y: HEIGHT + 31, class: "measured" }, "measured"));
  }
  const box = document.createElement("figure"), words = document.createElement("figcaption");
  words.textContent = said;
  box.append(drawing, words);
  return box;
}

function offerClass(form) {
  const known = decoded(form.dataset.key), said = form.querySelector("output"), place = form.querySelector(".drawn");
  const columns = form.querySelector(".columns");
  const chapter = () => known[form.elements.chapter.value];
  const explain = () => {
    columns.textContent = "The numbers of each line are taken as: "
      + chapter().asked.map(({ ask, unit }) => ask + (unit ? ` (${unit})` : "")).join("; ") + ".";
    place.replaceChildren();
    said.textContent = "";
  };
  const draw = () => {
    const { asked } = chapter(), { rows, left } = readLines(form.elements.lines.value, asked.length);
    place.replaceChildren();
    if (!rows.length) {
      said.textContent = `No line has ${asked.length === 1 ? "a number" : `${asked.length} numbers`}: write one such as “Ada, ${asked.map((_, i) => i + 1.5).join(", ")}”.`;
      return;
    }
    asked.forEach((one, i) => place.append(histogram(rows.map(row => row[i]), one, form.elements.reveal.checked)));
    said.textContent = `${counted(rows.length)}.` + (left.length
      ? ` ${left.length} ${left.length === 1 ? "line was" : "lines were"} left out: ${left.slice(0, 3).map(line => `“${line.slice(0, 40)}”`).join(", ")}${left.length > 3 ? " …" : ""}.` : "");
  };
  form.elements.chapter.addEventListener("change", explain);
  form.elements.reveal.addEventListener("change", () => { if (place.children.length) draw(); });
  form.elements.file.addEventListener("change", async event => {
    const [file] = event.target.files;
    if (!file) return;
    form.elements.lines.value = await file.text();
    draw();
  });
  form.addEventListener("submit", event => {
    event.preventDefault();
    draw();
  });
  form.hidden = false;
  explain();
}

document.querySelectorAll("form.class-form").forEach(offerClass);
