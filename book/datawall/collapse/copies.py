"""What a chain of language models reads and writes, as a page shows it.

Chapter: collapse-in-language-models.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import xarray as xr

from datawall.collapse.loop import Generation
from datawall.evidence.intervals import Interval
from datawall.generators.grading import Exam


def examined(turns: Iterable[Generation], exam: Exam, rows: int, *, seed: int) -> xr.Dataset:
    """Each generation of a chain: its loss, what it writes, and how that looks to the first.

    loss (generation,): on the exam's rows, in nats a letter. nats (generation, row): of so many
    rows that it writes, under the first generation. written (generation, line): the first two of
    them, as text. exam (exam_row,): nats of the exam's rows under the first generation. The same
    seed for every generation: they draw by the same random numbers. Raises ValueError for a chain
    that ended early.
    """
    first, loss, nats, written = None, [], [], []
    for turn in turns:
        if turn.fitted is None:
            raise ValueError(f"generation {turn.number - 1}: {turn.ended}")
        first = first or turn.fitted
        drawn = turn.fitted.sample(rows, seed=seed)
        loss.append(turn.fitted.nats(exam.rows).mean())
        nats.append(first.nats(drawn))
        written.append([exam.letters.decode(row) for row in drawn[:2]])
    return xr.Dataset(
        {
            "loss": ("generation", loss),
            "nats": (("generation", "row"), nats),
            "written": (("generation", "line"), np.array(written, dtype=object)),
            "exam": ("exam_row", first.nats(exam.rows)),
        },
        {"generation": np.arange(len(loss))},
    )


def to_read(line: str) -> str:
    """A line for Markdown: breaks as " / ", and no mark that Markdown would take for its own."""
    line = re.sub(r"\s*\n\s*", " / ", line.strip())
    return re.sub(r"[^\w\s.,;:!?'/-]|_", "", line)


def points(found: Interval) -> list[dict]:
    """The points of an interactive figure, each with three digits, under short names.

    found: of results over (result, policy, temperature, generation), which become m, p, T (a text)
    and g; and value, low and high.
    """
    frame = found.to_pandas().map(lambda x: float(f"{x:.3g}")).reset_index()
    short = {"result": "m", "policy": "p", "temperature": "T", "generation": "g"}
    return frame.rename(columns=short).astype({"T": str}).to_dict("records")
