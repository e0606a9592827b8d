"""Rules for the quiz: each choice tells why it is right or wrong; no choice gives itself away."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

import quiz as shown
from invariants import markdown
from invariants.context import Context, Limits


def quiz_questions(notebook: dict, context: Context) -> list[str]:
    """A quiz has a few questions, numbered from 1, that cover the chapter in five minutes."""
    parts = markdown.parts(notebook, "Quiz")
    faults = markdown.numbering_faults(parts, r"Question (\d+)", "### Question 1")
    least, most = context.limits.questions
    if not least <= len(parts) <= most:
        faults.append(f"{len(parts)} questions in the quiz, not {least} to {most}; add or cut")
    for part in parts:
        asked = "".join(b.source for b in part).split("<details")[0].splitlines()[1:]
        if markdown.count_words(" ".join(asked)) < 3:
            faults.append(f"cell {part[0].number}: '{part[0].part}' asks nothing; ask it")
    return faults


CHOICE = re.compile(
    r'<details class="choice">\s*<summary>(?P<text>.*?)</summary>(?P<reason>.*?)</details>', re.S
)


def _choice_faults(where: str, choice: re.Match, limits: Limits) -> list[str]:
    text, reason = choice["text"].strip(), choice["reason"]
    where = f"{where}, choice '{text[:40]}'"
    if not text:
        return [f"{where}: the choice has no text; type it in <summary>"]
    if not re.match(r"[ \t]*\n[ \t]*\n", reason):
        return [f"{where}: no blank line after </summary>; add one, else the reason isn't Markdown"]
    verdict = re.match(r"\*\*(Right|Wrong)\.\*\*", reason.strip())
    if not verdict:
        return [f"{where}: the reason doesn't begin with **Right.** or **Wrong.**; add it"]
    given = markdown.count_words(reason.strip()[verdict.end() :])
    if given < limits.reason_words:
        return [f"{where}: the reason has {given} words, fewer than {limits.reason_words}; say why"]
    return []


def _question_faults(part: list[markdown.Block], limits: Limits) -> list[str]:
    where = f"cell {part[0].number}, {part[0].part}"
    source = "".join(block.source for block in part)
    choices = list(CHOICE.finditer(source))
    if len(choices) != source.count("<details") or len(choices) != source.count("</details>"):
        return [
            f'{where}: a choice is not <details class="choice"><summary>text</summary>, a '
            "blank line, the reason and </details>; write it so"
        ]
    faults = [f for choice in choices for f in _choice_faults(where, choice, limits)]
    if len(choices) < limits.choices:
        faults.append(f"{where}: {len(choices)} choices, fewer than {limits.choices}; add some")
    right = sum(choice["reason"].strip().startswith("**Right.**") for choice in choices)
    if right != 1:
        faults.append(f"{where}: {right} right choices, not one; make exactly one right")
    return faults


def quiz_choices(notebook: dict, context: Context) -> list[str]:
    """Each choice has a reason, right or wrong, for a wrong answer teaches only if told why."""
    parts = markdown.parts(notebook, "Quiz")
    return [fault for part in parts for fault in _question_faults(part, context.limits)]


def _asked(notebooks: Mapping[str, dict]) -> Iterator[tuple[str, str, list[re.Match]]]:
    """Chapter, number and choices, as they stand in the notebook, of every sound question."""
    for chapter, notebook in notebooks.items():
        for part in markdown.parts(notebook, "Quiz"):
            choices = list(CHOICE.finditer("".join(block.source for block in part)))
            number = re.search(r"Question (\d+)", part[0].part)
            if number and sum(map(_is_right, choices)) == 1:
                yield chapter, number[1], choices


def _is_right(choice: re.Match) -> bool:
    return choice["reason"].strip().startswith("**Right.**")


def quiz_places(notebooks: Mapping[str, dict], context: Context) -> list[str]:
    """As readers see the quiz, right answers stand in no one place too often to be guessed."""
    places = Counter()
    for chapter, number, choices in _asked(notebooks):
        shuffled = [choices[i] for i in shown.order(chapter, number, len(choices))]
        places.update(place for place, choice in enumerate(shuffled, 1) if _is_right(choice))
    most = context.limits.quiz_share * places.total()
    return [
        f"the right answer is in place {place} in {count} of {places.total()} questions, more than "
        f"{context.limits.quiz_share:.0%}; hash another text in quiz.order"
        for place, count in sorted(places.items())
        if count > most
    ]


def quiz_lengths(notebooks: Mapping[str, dict], context: Context) -> list[str]:
    """A right answer is not mostly the longest choice, or it could be told by its length."""
    asked, longest = 0, []
    for chapter, number, choices in _asked(notebooks):
        asked += 1
        right = next(choice for choice in choices if _is_right(choice))
        if all(len(right["text"]) > len(c["text"]) for c in choices if c is not right):
            longest.append(f"{chapter} {number}")
    if len(longest) <= context.limits.quiz_share * asked:
        return []
    return [
        f"the right answer is the longest in {len(longest)} of {asked} questions, more than "
        f"{context.limits.quiz_share:.0%} ({', '.join(longest)}); make wrong ones as specific"
    ]
