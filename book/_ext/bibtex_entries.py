"""The bibliography, to be cited from: below each source its entry in BibTeX, on a click."""

from html import escape

from bs4 import BeautifulSoup
from pybtex.database import BibliographyData


def entries(citations):
    """Each source's entry, as BibTeX, by its address on the page."""
    return {
        source.citation_id: BibliographyData({source.key: source.entry}).to_string("bibtex").strip()
        for source in citations
    }


def add_entries(app, pagename, templatename, context, doctree):
    """Below each source its entry, closed until asked for."""
    if 'role="doc-biblioentry"' not in context.get("body", ""):
        return
    known = entries(app.env.get_domain("cite").citations)
    page = BeautifulSoup(context["body"], "html.parser")
    for source in page.select('[role="doc-biblioentry"]'):
        text = escape(known[source["id"]], quote=False)
        box = (
            '<details class="bibtex"><summary>BibTeX</summary>'
            f'<div class="highlight-none notranslate"><div class="highlight"><pre>{text}</pre>'
            "</div></div></details>"
        )
        source.append(BeautifulSoup(box, "html.parser"))
    for sources in page.select(".citation-list"):
        del sources["role"]  # it promises list items, which references are not
    context["body"] = str(page)


def setup(app):
    app.connect("html-page-context", add_entries)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
