// The page of claims, cut down to one verdict. Without this script it shows all of them.

const verdictOf = row => row.querySelector("td strong")?.textContent.replace(/\.$/, "");

function offerVerdicts(count) {
  const rows = [...document.querySelectorAll(".claims .ledger tbody tr")];
  const verdicts = [...count.textContent.matchAll(/([\w ]+): \d+/g)].map(found => found[1].trim().toLowerCase());
  const given = document.createElement("fieldset");
  given.className = "claims-filter";
  const legend = document.createElement("legend");
  legend.textContent = "Show claims with the verdict";
  given.append(legend);
  const all = count.textContent;
  for (const verdict of ["all", ...verdicts]) {
    const label = document.createElement("label"), radio = document.createElement("input");
    Object.assign(radio, { type: "radio", name: "verdict", value: verdict, checked: verdict === "all" });
    label.append(radio, " " + verdict);
    given.append(label);
  }
  given.addEventListener("change", event => {
    const wanted = event.target.value;
    for (const row of rows) row.hidden = wanted !== "all" && verdictOf(row) !== wanted;
    for (const part of document.querySelectorAll("section.claims"))
      part.hidden = part.querySelectorAll("tbody tr:not([hidden])").length === 0;
    const shown = rows.filter(row => !row.hidden).length;
    count.textContent = wanted === "all" ? all : `${shown} of ${rows.length} claims: ${wanted}.`;
  });
  count.setAttribute("role", "status"); // read out when it changes
  count.after(given);
}

const count = document.querySelector(".claims-count");
if (count) offerVerdicts(count);
