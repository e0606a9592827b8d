// On paper nothing opens: what a chapter keeps folded is printed behind it, as a key of its own.

const FOLDED = "details:is(.answer, .choice, .solution)";

// A copy of what is folded, without the line that opens it.
function unfolded(details) {
  const copy = document.createElement("div");
  const parts = [...details.children].filter(part => part.tagName !== "SUMMARY");
  copy.append(...parts.map(part => part.cloneNode(true)));
  return copy;
}

function entry(section) {
  const found = [];
  for (const part of section.querySelectorAll(`:scope > ${FOLDED}, :scope > div.cell.tag_solution`)) {
    if (part.tagName !== "DETAILS") { // a solution's code
      found.push(...[...part.querySelectorAll(".cell_input")].map(code => code.cloneNode(true)));
      continue;
    }
    const copy = unfolded(part);
    if (part.matches(".choice")) copy.prepend(part.querySelector("summary").textContent);
    found.push(copy);
  }
  if (!found.length) return [];
  const title = section.querySelector(":scope > :is(h1, h2, h3)").cloneNode(true);
  title.querySelectorAll("a").forEach(link => link.remove());
  const head = document.createElement("h3");
  head.textContent = section.querySelector(":scope > h1") ? "The answer in one sentence" : title.textContent;
  return [head, ...found];
}

function key() {
  const box = document.createElement("section"), head = document.createElement("h2");
  box.className = "printed-key";
  head.textContent = "Key";
  box.append(head);
  for (const section of document.querySelectorAll(".bd-article section")) box.append(...entry(section));
  box.querySelectorAll("[id]").forEach(part => part.removeAttribute("id")); // of the parts that were copied
  return box;
}

addEventListener("beforeprint", () => {
  document.querySelector(".printed-key")?.remove();
  document.querySelector(".bd-article").append(key());
});
addEventListener("afterprint", () => document.querySelector(".printed-key")?.remove());
