// Predictions on the page: typed or slid, kept in this browser, and shown beside the result where it is revealed.

function offerGuess(form) {
  const { chapter } = form.dataset, known = decoded(form.dataset.key);
  const said = form.querySelector("output"), given = memory.get(chapter, "guess");
  const field = name => form.elements[name], slide = name => form.querySelector(`[data-for="${name}"]`);
  const reveals = new Map();
  for (const { figure } of known) {
    if (reveals.has(figure)) continue;
    const reveal = document.createElement("p"), place = document.getElementById(figure);
    reveal.className = "you-said";
    (place?.closest("figure") ?? place)?.after(reveal);
    reveals.set(figure, reveal);
  }

  function show() {
    const kept = known.filter(({ name }) => given[name] !== undefined);
    for (const [figure, reveal] of reveals) {
      const parts = kept.filter(one => one.figure === figure).map(({ name, said, unit, measured }) => {
        const after = unit && (unit === "%" ? " %" : ` ${unit}`);
        return `${said}: you said ${given[name]}${after}; measured ${measured}${after}.`;
      });
      reveal.textContent = parts.join(" ");
      reveal.hidden = !parts.length;
    }
    said.textContent = kept.length ? "Kept. It will stand beside the result." : "";
  }

  for (const { name } of known) {
    if (given[name] !== undefined) {
      field(name).value = given[name];
      slide(name).value = given[name];
    }
    slide(name).addEventListener("input", event => { field(name).value = event.target.value; });
    field(name).addEventListener("input", event => {
      const value = typed(event.target.value);
      if (!Number.isNaN(value)) slide(name).value = value;
    });
  }
  form.addEventListener("submit", event => {
    event.preventDefault();
    const wrong = known.find(({ name }) => field(name).value.trim() && Number.isNaN(typed(field(name).value)));
    if (wrong) {
      said.textContent = `“${field(wrong.name).value}” is no number: write one such as 1.5.`;
      field(wrong.name).focus();
      return;
    }
    for (const { name } of known) {
      const value = typed(field(name).value);
      if (Number.isNaN(value)) continue;
      given[name] = value;
      memory.set(chapter, "guess", name, value);
    }
    show();
    if (!Object.keys(given).length) said.textContent = "Write a number first.";
  });
  form.hidden = false;
  show();
}

document.querySelectorAll("form.guess-form").forEach(offerGuess);
