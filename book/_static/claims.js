// The page of claims, cut down to a verdict, a chapter, a source or a year. Without this script it shows all of them.

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
  Object.assign(again, { type: "reset", className: "plain-button", textContent: "Show all claims" });
  menus.append(again);
  const show = () => {
    for (const row of rows)
      row.hidden = Object.entries(wanted).some(([kind, value]) => value !== "all" && !values(row, kind).includes(value));
    for (const part of document.querySelectorAll("section.claims"))
      part.hidden = part.querySelectorAll("tbody tr:not([hidden])").length === 0;
    const shown = rows.filter(row => !row.hidden).length;
    const said = Object.values(wanted).filter(value => value !== "all").join("; ");
    count.textContent = said ? `${shown} of ${rows.length} claims: ${said}.` : all;
    again.hidden = !said;
  };
  form.addEventListener("change", event => {
    wanted[event.target.name] = event.target.value;
    show();
  });
  form.addEventListener("reset", () => {
    for (const kind of Object.keys(wanted)) wanted[kind] = "all";
    show();
  });
  // An address leads to its row, also to one that isn't shown.
  const arrive = () => {
    const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!row?.hidden) return;
    form.reset();
    row.scrollIntoView();
  };
  addEventListener("hashchange", arrive);
  count.setAttribute("role", "status"); // read out when it changes
  count.after(form);
  show();
}

const count = document.querySelector(".claims-count");
if (count) offer(count);
