"""Rules for claims and sources: each measured claim has its value, each source is cited."""

import re
from collections.abc import Mapping

from datawall.page.ledger import MIME as MEASURED
from invariants import cells, markdown
from invariants.context import Context


def cited_keys(notebook: dict) -> list[tuple[str, str]]:
    """Return where and what a notebook cites, one key each."""
    cites = [
        (w, text)
        for w, name, text in markdown.roles(notebook)
        if name.split(":")[0] in ("cite", "footcite")
    ]
    plain = [(where, re.sub(r"\{[^}]*\}", "", text)) for where, text in cites]
    return [(where, key.strip()) for where, keys in plain for key in keys.split(",")]


def claims_measured(notebook: dict, context: Context) -> list[str]:
    """Each claim with a tolerance has a stored measured value that lies in it."""
    bundles = [data for _, cell in cells.ordinary(notebook) for data in cells.bundles(cell)]
    stored = {data[MEASURED]["id"]: data[MEASURED] for data in bundles if MEASURED in data}
    faults = []
    for claim in context.claims:
        name = claim.get("id")
        if claim.get("chapter") != context.chapter or "tolerance" not in claim:
            continue
        least, most = claim["tolerance"]
        if name not in stored:
            faults.append(
                f"the claim '{name}' has a tolerance but no stored value; give it to "
                "results.close and run the chapter"
            )
        elif not least <= stored[name]["value"] <= most:
            faults.append(
                f"the claim '{name}' stores {stored[name]['value']:g}, and the ledger allows "
                f"{least} to {most}; run the chapter again"
            )
    return faults


def unused_bibliography(notebooks: Mapping[str, dict], context: Context) -> list[str]:
    """Each entry of the bibliography is cited in a page, a chapter or the ledger."""
    cited = {key for notebook in notebooks.values() for _, key in cited_keys(notebook)}
    cited |= {claim.get("source") for claim in context.claims}
    return [
        f"'{key}' is in book/references.bib but nowhere cited; cite it or remove it"
        for key in sorted(context.bibliography - cited)
    ]
