// What a reader has answered, kept in this browser alone: predictions, exercises and the quiz of each chapter.

const memory = (() => {
  const PLACE = "datawall";
  let kept = {};
  try {
    kept = JSON.parse(localStorage.getItem(PLACE)) ?? {};
  } catch { /* a browser that keeps nothing, or what isn't ours: begin anew, for this page */ }
  if (typeof kept !== "object" || Array.isArray(kept)) kept = {};
  const save = () => {
    try { localStorage.setItem(PLACE, JSON.stringify(kept)); } catch { /* then for this page only */ }
  };
  return {
    get: (chapter, kind) => ({ ...kept[chapter]?.[kind] }),
    set: (chapter, kind, name, value) => {
      ((kept[chapter] ??= {})[kind] ??= {})[name] = value;
      save();
    },
    clear: (chapter, kind) => {
      if (chapter === undefined) kept = {};
      else if (kind === undefined) delete kept[chapter];
      else delete kept[chapter]?.[kind];
      save();
    },
  };
})();

// The chapter that this page is.
const here = location.pathname.split("/").pop().replace(/\.html$/, "");

// What lies encoded in a page, so that nobody reads it by accident.
const decoded = text => JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(text), letter => letter.charCodeAt(0))));

// A number as readers type it: 1.6, 1,600, 48 %; NaN for anything else.
function typed(text) {
  const plain = text.trim().replace(/\s*(%|percent|per cent)$/i, "").replace(/(\d)[,_\s](?=\d{3}(\D|$))/g, "$1").replace("\u2212", "-");
  const value = Number(plain);
  return plain === "" || !Number.isFinite(value) ? NaN : value;
}
