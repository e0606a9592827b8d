"""Markdown of the editions as HTML that stands by itself: formulas are left to MathJax."""

import re
from functools import cache
from html import escape

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

BESIDE = re.compile(r"(?<!!)\[([^\[\]]*)\]\([\w-]+\.(?:ipynb|md)\)")  # a link to another page
MATHJAX = """<script>MathJax = { loader: { load: ["input/tex", "output/chtml"] } };</script>
<script defer src="{root}_static/mathjax/startup.js"></script>"""


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


def scripts(page, root):
    """What a page needs that typesets its formulas; "" for a page without any."""
    return MATHJAX.replace("{root}", root) if 'class="formula"' in page else ""
