"""Made-up facts in a text, and questions about them: what a model knows and what it can be asked.

A fact is a name of three letters with a number of two digits. A base model reads facts as
statements among ordinary text; it is tuned on questions with their answers about some of them, and
asked about others. Chapter: specialists.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from datawall import validate
from datawall.lm.model import Transformer
from datawall.text.corpus import Vocabulary

FORMS = (
    "{name} is {number}.\n",
    "{name} has {number}.\n",
    "{name} gets {number}.\n",
    "{name}: {number}.\n",
)
QUESTION, ANSWER = "Q {name} A ", "{number}\n"
LENGTH = 3  # characters of an answer: two digits and the end of the line


def facts(groups: Mapping[str, int], *, seed: int) -> pd.DataFrame:
    """Facts with the columns group, name, number: no name twice, numbers from 10 to 99 at random.

    groups: how many facts each group has. Raises ValueError for more names than three letters give,
    and for a group's size that isn't a whole number.
    """
    for group, count in groups.items():
        validate.whole(f"facts of {group}", count)
    count, rng = sum(groups.values()), np.random.default_rng(seed)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    if count > len(letters) ** 3:
        raise ValueError(
            f"{count:,} facts, and there are {len(letters) ** 3:,} names: ask for fewer"
        )
    numbers = rng.choice(len(letters) ** 3, count, replace=False)
    places = np.stack(np.unravel_index(numbers, (len(letters),) * 3), -1)
    return pd.DataFrame(
        {
            "group": np.repeat(list(groups), list(groups.values())),
            "name": ["".join(letters[own]) for own in places],
            "number": rng.integers(10, 100, count),
        }
    )


def lines(facts: pd.DataFrame, forms: Sequence[str], characters: int, *, seed: int) -> str:
    """So many characters of lines, each a fact drawn at random in a form drawn at random.

    forms: texts with {name} and {number}. Raises ValueError when there is no fact or no form.
    """
    if facts.empty or not forms:
        raise ValueError("no facts or no forms: give one of each or more")
    validate.whole("characters", characters)
    every = [
        form.format(name=name, number=number)
        for name, number in zip(facts["name"], facts["number"], strict=True)
        for form in forms
    ]
    count = 1 + characters // min(map(len, every))
    drawn = np.random.default_rng(seed).integers(len(every), size=count)
    return "".join(every[i] for i in drawn)[:characters]


def answers(
    model: Transformer, letters: Vocabulary, facts: pd.DataFrame, prompt: str = QUESTION
) -> list[str]:
    """What a model writes after the prompt of each fact, three characters, each the likeliest.

    prompt: a text with {name}, put at the beginning of a line. Raises ValueError when there is no
    fact.
    """
    if facts.empty:
        raise ValueError("no facts to ask for: give one or more")
    asked = [letters.encode("\n" + prompt.format(name=name)) for name in facts["name"]]
    tokens = torch.stack(asked)
    with torch.no_grad():
        for _ in range(LENGTH):
            best = model(tokens)[:, -1].argmax(-1, keepdim=True)
            tokens = torch.cat([tokens, best], 1)
    return [letters.decode(row) for row in tokens[:, -LENGTH:]]


def marks(written: Sequence[str], facts: pd.DataFrame) -> dict[str, float]:
    """Shares of answers that have the form of one, `formed`, and that are right, `right`.

    An answer is two digits and the end of a line. One that has the right digits and another end is
    neither. Raises ValueError unless there is an answer for each fact.
    """
    if len(written) != len(facts):
        raise ValueError(f"{len(written)} answers to {len(facts)} questions: give one for each")
    formed = [len(x) == LENGTH and x[:2].isdigit() and x[2] == "\n" for x in written]
    right = [x == ANSWER.format(number=n) for x, n in zip(written, facts["number"], strict=True)]
    return {"formed": float(np.mean(formed)), "right": float(np.mean(right))}


def known(model: Transformer, letters: Vocabulary, facts: pd.DataFrame) -> float:
    """The share of facts whose number a model puts right into a statement of the first form."""
    written = answers(model, letters, facts, FORMS[0].split("{number}")[0])
    right = [x[:2] == str(number) for x, number in zip(written, facts["number"], strict=True)]
    return float(np.mean(right))
