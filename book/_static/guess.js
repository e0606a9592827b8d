// Predictions on the page: typed or slid, kept in this browser, and shown beside the result where it is revealed.

function offerGuess(form) {
  const { chapter, figure } = form.dataset, known = decoded(form.dataset.key);
  const said = form.querySelector("output"), given = memory.get(chapter, "guess");
  const field = name => form.elements[name], slide = name => form.querySelector(`[data-for="${name}"]`);
  const reveal = document.createElement("p");
  reveal.className = "you-said";
  const place = document.getElementById(figure);
  (place?.closest("figure") ?? place)?.after(reveal);

  function show() {
    const parts = known.filter(({ name }) => given[name] !== undefined).map(({ name, said, unit, measured }) => {
      const after = unit && (unit === "%" ? " %" : ` ${unit}`);
      return `${said}: you said ${given[name]}${after}; measured ${measured}${after}.`;
    });
    reveal.textContent = parts.join(" ");
    reveal.hidden = !parts.length;
    said.textContent = parts.length ? "Kept. It will stand beside the result." : "";
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
