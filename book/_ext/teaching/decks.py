"""Slides of a chapter: its question, its claim, a slide for each figure, and its summary.

A deck is one file. Its titles are the findings that captions state, its notes how the chapter reads
the figures. Keys: arrows, space, Page Up and Page Down, Home and End; N shows the notes, P prints.
"""

import base64
import re
from html import escape
from pathlib import Path

from . import writing

HERE = Path(__file__).parent
LONGEST = 90  # words of a slide's text


def deck(lesson):
    """A chapter's slides, as one page of HTML."""
    slides = [*_opening(lesson), *(_figure(figure) for figure in lesson.figures), *_end(lesson)]
    body = "\n".join(
        f'<section class="slide" id="slide-{number}" aria-label="Slide {number} of {len(slides)}">'
        f'<h2>{title}</h2><div class="shown">{shown}</div>'
        f'<aside class="notes"><h3>Notes</h3>{notes}</aside>'
        f'<p class="count">{escape(lesson.title.partition(":")[0])} · {number} / {len(slides)}</p>'
        "</section>"
        for number, (title, shown, notes) in enumerate(slides, start=1)
    )
    script = (HERE / "deck.js").read_text("utf-8")
    head = f'<h1 class="unseen">{escape(lesson.title)}</h1>'
    keys = (
        '<nav class="keys"><button type="button" data-go="-1">Back</button>'
        '<button type="button" data-go="1">Next</button>'
        '<button type="button" data-notes>Notes</button></nav>'
    )
    whole = f"\n{head}\n{body}\n{keys}\n<script>\n{script}</script>\n"
    return writing.page(f"{lesson.title}: slides", "deck.css", whole)


def _opening(lesson):
    asks = lesson.header.get("Asks", "")
    notes = "".join(
        f"<p><strong>{name}.</strong> {writing.inline(text)}</p>"
        for name, text in lesson.header.items()
        if name != "Asks"
    )
    yield (
        writing.inline(lesson.title),
        f'<p class="asks">{writing.inline(writing.capital(asks))}</p>',
        notes,
    )
    claim = lesson.sections["The claim"]
    yield "The claim", _paragraphs(claim), writing.html(_rest(claim))
    predict = lesson.sections["Predict"]
    notes = writing.html(f"{_rest(predict)}\n\nThe answer in one sentence: {lesson.answer}")
    yield "Predict", _paragraphs(predict), notes


def _figure(figure):
    drawing = re.sub(r"<\?xml.*?\?>|<!DOCTYPE.*?>", "", figure.svg, flags=re.S).encode()
    source = f"data:image/svg+xml;base64,{base64.b64encode(drawing).decode()}"
    shown = (
        f'<figure><img src="{source}" alt="{escape(figure.alt)}">'
        f"<figcaption><em>{figure.number}</em></figcaption></figure>"
    )
    notes = writing.html(f"{figure.caption}\n\n{figure.reading}")
    return writing.inline(figure.finding), shown, notes


def _end(lesson):
    points = "".join(f"<li>{writing.inline(point)}</li>" for point in lesson.summary)
    toy = lesson.sections["What a toy can't tell"]
    yield "What a toy can't tell", _paragraphs(toy), writing.html(_rest(toy))
    yield "Summary", f"<ul>{points}</ul>", ""


def _split(text):
    """Paragraphs for the slide, as many as fit, and the rest; figures' tables are left to notes."""
    paragraphs = [part for part in re.split(r"\n\s*\n", text) if part.strip()]
    shown, words = [], 0
    for part in paragraphs:
        words += len(part.split())
        if shown and words > LONGEST:
            break
        shown.append(part)
    return shown, paragraphs[len(shown) :]


def _paragraphs(text):
    return writing.html("\n\n".join(_split(text)[0]))


def _rest(text):
    return "\n\n".join(_split(text)[1])
