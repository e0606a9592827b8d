// The page of claims, cut down to a verdict, a chapter, a source or a year. Without this script it shows all of them.
// What is chosen stands in the page's address (#verdict=holds&year=2024), which can be handed on.

const rows = [...document.querySelectorAll(".claims .ledger tbody tr")];
const facts = JSON.parse(document.getElementById("claims-facts")?.textContent ?? "{}");
const wanted = { verdict: "all", chapter: "all", source: "all", year: "all" };
const about = row => facts[row.id] ?? {};
const values = (row, kind) => [about(row)[kind] ?? []].flat(); // a row may have two sources

// What there is of a kind: verdicts and chapters in the page's order, the others sorted.
function choices(kind, count) {
  if (kind === "verdict")
    return [...count.textContent.matchAll(/([\w ]+): \d+/g)].map(found => found[1].trim().toLowerCase());
  const found = [...new Set(rows.flatMap(row => values(row, kind)))];
  return kind === "chapter" ? found : found.sort(new Intl.Collator("en").compare);
}

function radios(verdicts) {
  const box = document.createElement("fieldset"), legend = document.createElement("legend");
  box.className = "claims-filter";
  legend.textContent = "Show claims with the verdict";
  box.append(legend);
  for (const value of ["all", ...verdicts]) {
    const label = document.createElement("label"), radio = document.createElement("input");
    Object.assign(radio, { type: "radio", name: "verdict", value, checked: value === "all" });
    label.append(radio, ` ${value}`);
    box.append(label);
  }
  return box;
}

function menu(kind, offered) {
  const label = document.createElement("label"), select = document.createElement("select");
  select.name = kind;
  for (const value of ["all", ...offered]) select.append(new Option(value, value));
  label.append(`${kind[0].toUpperCase()}${kind.slice(1)} `, select);
  return label;
}

function offer(count) {
  const all = count.textContent, form = document.createElement("form"), menus = document.createElement("div");
  menus.className = "claims-filter";
  menus.append(...["chapter", "source", "year"].map(kind => menu(kind, choices(kind, count))));
  form.append(radios(choices("verdict", count)), menus);
  const again = document.createElement("button");
  Object.assign(again, { type: "button", className: "plain-button", textContent: "Show all claims" });
  menus.append(again);
  const chosen = () => Object.entries(wanted).filter(([, value]) => value !== "all");
  const show = () => {
    for (const row of rows)
      row.hidden = chosen().some(([kind, value]) => !values(row, kind).includes(value));
    for (const part of document.querySelectorAll("section.claims"))
      part.hidden = part.querySelectorAll("tbody tr:not([hidden])").length === 0;
    const shown = rows.filter(row => !row.hidden).length;
    const said = chosen().map(([, value]) => value).join("; ");
    count.textContent = said ? `${shown} of ${rows.length} claims: ${said}.` : all;
    again.hidden = !said;
  };
  const choose = asked => {
    for (const kind of Object.keys(wanted)) {
      const field = form.elements[kind], value = asked.get(kind) ?? "all";
      field.value = value; // one that isn't offered leaves none chosen
      if (field.value !== value) field.value = "all";
      wanted[kind] = field.value;
    }
    show();
  };
  const keep = () => history.replaceState(null, "", `#${new URLSearchParams(chosen())}`);
  form.addEventListener("change", event => {
    wanted[event.target.name] = event.target.value;
    show();
    keep();
  });
  again.addEventListener("click", () => {
    choose(new URLSearchParams());
    keep();
  });
  // An address leads to its row, also to one that isn't shown, or to a choice.
  const arrive = () => {
    if (location.hash.includes("=")) {
      choose(new URLSearchParams(location.hash.slice(1)));
      return keep(); // without what isn't offered
    }
    const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (row?.hidden) choose(new URLSearchParams());
    row?.scrollIntoView();
  };
  addEventListener("hashchange", arrive);
  count.setAttribute("role", "status"); // read out when it changes
  count.after(form);
  show();
  arrive();
}

const count = document.querySelector(".claims-count");
if (count) offer(count);
