"""Markdown of the editions as HTML that stands by itself: formulas are left to MathJax."""

import re
from functools import cache
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

HERE = Path(__file__).parent
BESIDE = re.compile(r"(?<!!)\[([^\[\]]*)\]\([\w-]+\.(?:ipynb|md)\)")  # a link to another page
MATHJAX = """<script>MathJax = { loader: { load: ["input/tex", "output/chtml"] } };</script>
<script defer src="../../_static/mathjax/startup.js"></script>"""


@cache
def _reader():
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    return reader.use(dollarmath_plugin, allow_labels=False, renderer=_formula)


def _formula(content, options):
    opens, closes = (r"\[", r"\]") if options["display_mode"] else (r"\(", r"\)")
    return f'<span class="formula">{opens}{escape(content)}{closes}</span>'


def html(text):
    """Markdown as HTML; links to other pages become plain words."""
    return _reader().render(BESIDE.sub(r"\1", text))


def inline(text):
    """A line of Markdown as HTML, without a paragraph around it."""
    return _reader().renderInline(BESIDE.sub(r"\1", text))


def page(title, style, body):
    """A page of the folder `teaching`: its title, its style sheet beside this file, its body."""
    css = (HERE / style).read_text("utf-8")
    scripts = MATHJAX if 'class="formula"' in body else ""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{css}</style>\n{scripts}</head>\n"
        f"<body>{body}</body></html>\n"
    )


def capital(text):
    return text[:1].upper() + text[1:]
