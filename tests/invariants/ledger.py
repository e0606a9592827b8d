"""Rules for claims and sources: values that give the ledger's verdicts, sources that are cited."""

import re
from collections.abc import Mapping

from datawall.page.ledger import MIME as MEASURED
from datawall.page.ledger import Claim, Measured, OutOfTolerance, WrongVerdict, check
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
    """Each measured claim has a stored value that gives the ledger's verdict, in its tolerance."""
    bundles = [data for _, cell in cells.ordinary(notebook) for data in cells.bundles(cell)]
    measured = [Measured(**data[MEASURED]) for data in bundles if MEASURED in data]
    stored = {found.id: found for found in measured}
    faults = []
    for claim in context.claims:
        if claim.get("chapter") != context.chapter or "tolerance" not in claim:
            continue
        row = Claim(**claim)
        if row.id not in stored:
            faults.append(
                f"the claim '{row.id}' has a tolerance but no stored value; give it to "
                "results.close and run the chapter"
            )
        elif bool(row.limit) != (stored[row.id].limit is not None):
            faults.append(
                f"the claim '{row.id}' has a limit in the ledger or a stored value under one, and "
                "not both; give `limits` to results.close and run the chapter"
            )
        else:
            faults += _fault(row, stored[row.id])
    return faults


def _fault(row: Claim, found: Measured) -> list[str]:
    try:
        check(row, found)
    except (OutOfTolerance, WrongVerdict) as error:
        return [f"{error}; run the chapter again"]
    return []


def unused_bibliography(notebooks: Mapping[str, dict], context: Context) -> list[str]:
    """Each entry of the bibliography is cited in a page, a chapter or the ledger."""
    cited = {key for notebook in notebooks.values() for _, key in cited_keys(notebook)}
    cited |= {claim.get("source") for claim in context.claims}
    return [
        f"'{key}' is in book/references.bib but nowhere cited; cite it or remove it"
        for key in sorted(context.bibliography - cited)
    ]
