"""A sheet to hand out for each chapter, and its key: predictions, exercises and quiz on paper."""

import re
from html import escape

import answering

from . import writing

ROOM = {"Prediction": 3, "Code": 9, "Judgement": 4}  # lines to write on


def sheet(lesson, predictions):
    """The sheet of a chapter, as one page of HTML. predictions: see `answering.asked_in`."""
    asked = "".join(
        f'<p class="asked">{escape(one["ask"])}: <span class="blank"></span> '
        f"{escape(one['unit'])}</p>"
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
            f"<section>{_heading(exercise, f' <small>{exercise.kind}</small>')}"
            f"{writing.html(exercise.prompt)}{lines}</section>"
        )
    parts += _equations(lesson)
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
    return _page(lesson, "sheet", "Sheet", parts)


def key(lesson, predictions):
    """The key of a chapter's sheet. predictions: see `answering.asked_in`."""
    parts = ["<h2>Predict</h2><ul>"]
    parts += [
        f"<li>{escape(one['ask'])}: "
        f"<strong>{escape(one['measured'])} {escape(one['unit'])}</strong></li>"
        for one in predictions
    ]
    parts.append(f"</ul><p>{writing.inline(lesson.answer)}</p><h2>Exercises</h2>")
    for exercise in lesson.exercises:
        code = f"<pre>{escape(exercise.code)}</pre>" if exercise.code else ""
        parts.append(
            f"<section>{_heading(exercise)}"
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
    return _page(lesson, "key", "Key, for teachers", parts)


def _equations(lesson):
    """The equations that exercises and questions name, under a heading; nothing if none is."""
    texts = [part.prompt for part in (*lesson.exercises, *lesson.questions)]
    named = dict.fromkeys(re.findall(r"\((\d+\.\d+)\)", "\n".join(texts)))
    found = [lesson.equations[number] for number in named if number in lesson.equations]
    if found:
        yield f"<section><h2>Equations</h2>{writing.html(chr(10).join(found))}</section>"


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


def _heading(exercise, kind=""):
    title = writing.inline(writing.capital(exercise.title))
    return f"<h3>{exercise.number}. {title}{kind}</h3>"


def _page(lesson, kind, title, parts):
    body = "\n".join(parts)
    head = f"<h1>{writing.inline(lesson.title)} <small>{title}</small></h1>"
    return writing.page(f"{lesson.title}: {kind}", "sheet.css", f"<main>\n{head}\n{body}\n</main>")
