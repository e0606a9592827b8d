"""A sheet to hand out for each chapter, and its key: predictions, exercises and quiz on paper."""

from html import escape
from pathlib import Path

import answering

from . import writing

HERE = Path(__file__).parent
ROOM = {"Prediction": 3, "Code": 9, "Judgement": 4}  # lines to write on


def sheet(lesson, predictions):
    """The sheet of a chapter, as one page of HTML. predictions: as `predictions.toml` asks them."""
    asked = "".join(
        f'<p class="asked">{escape(one["ask"])}: <span class="blank"></span> '
        f"{escape(one.get('unit', ''))}</p>"
        for one in predictions
    )
    parts = [
        '<p class="name">Name <span class="blank"></span> Date <span class="blank"></span></p>',
        f"<h2>Predict</h2>{writing.html(lesson.sections['Predict'])}{asked}",
        "<h2>Exercises</h2>",
    ]
    for exercise in lesson.exercises:
        lines = '<div class="line"></div>' * ROOM.get(exercise.kind, 4)
        parts.append(
            f"<section><h3>{exercise.number}. {writing.inline(_capital(exercise.title))} "
            f"<small>{exercise.kind}</small></h3>{writing.html(exercise.prompt)}{lines}</section>"
        )
    parts.append("<h2>Quiz</h2>")
    for question in lesson.questions:
        choices = "".join(
            f'<li><span class="box"></span> {writing.inline(text)}</li>'
            for text, _, _ in question.choices
        )
        parts.append(
            f"<section><h3>Question {question.number}</h3>{writing.html(question.prompt)}"
            f'<ol class="choices" type="a">{choices}</ol></section>'
        )
    return _page(f"{lesson.title}: sheet", lesson.title, "Sheet", parts)


def key(lesson, predictions):
    """The key of a chapter's sheet. predictions: with what was measured, as `said`."""
    parts = ["<h2>Predict</h2><ul>"]
    parts += [
        f"<li>{escape(one['ask'])}: <strong>{escape(one['said'])}</strong></li>"
        for one in predictions
    ]
    parts.append(f"</ul><p>{writing.inline(lesson.answer)}</p><h2>Exercises</h2>")
    for exercise in lesson.exercises:
        code = f"<pre>{escape(exercise.code)}</pre>" if exercise.code else ""
        parts.append(
            f"<section><h3>{exercise.number}. {writing.inline(_capital(exercise.title))}</h3>"
            f"<p><strong>{escape(_right(lesson.name, exercise.number))}</strong></p>"
            f"{writing.html(exercise.solution)}{code}</section>"
        )
    parts.append("<h2>Quiz</h2>")
    for question in lesson.questions:
        rows = "".join(
            f"<li>{'<strong>Right.</strong>' if right else 'Wrong.'} {writing.inline(text)}: "
            f"{writing.inline(reason)}</li>"
            for text, right, reason in question.choices
        )
        parts.append(
            f"<section><h3>Question {question.number}</h3>"
            f'<ol class="choices" type="a">{rows}</ol></section>'
        )
    return _page(f"{lesson.title}: key", lesson.title, "Key, for teachers", parts)


def _right(chapter, number):
    """What is right, in words."""
    asked = answering.asked_for()[f"{chapter}/{number}"]
    if asked["kind"] == "choice":
        return f"Answer: ({asked['answer']})"
    if asked["kind"] == "number":
        within = (
            f"within {asked['within']:g}"
            if "within" in asked
            else f"within {100 * asked['tolerance']:g} %"
        )
        return f"Answer: {asked['answer']:.6g}, {within}"
    cases = (
        f"f({', '.join(f'{x:g}' for x in case['arguments'])}) = {case['answer']:.6g}"
        for case in asked["cases"]
    )
    return f"A function: {'; '.join(cases)}"


def _capital(text):
    return text[:1].upper() + text[1:]


def _page(title, chapter, kind, parts):
    body = "\n".join(parts)
    style = (HERE / "sheet.css").read_text("utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n"
        f"{writing.scripts(body, '../../')}</head>\n<body><main>\n"
        f"<h1>{writing.inline(chapter)} <small>{kind}</small></h1>\n{body}\n</main></body></html>\n"
    )
