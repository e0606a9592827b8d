"""What is shown of a page elsewhere: its description and its picture, in links and in lists.

A chapter's description is the question that its header asks, its picture the first that it draws,
on white paper; other pages have their first paragraph and the picture of the introduction.
"""

import base64
from html import escape
from io import BytesIO
from pathlib import Path, PurePosixPath

from docutils import nodes
from PIL import Image

import chapters
from datawall import BOOK

SIZE, SMALL = (1200, 630), (400, 210)  # pixels: as those who show links ask for, and in lists
LONGEST = 200  # characters of a description
FRONT = "data-stock"  # the chapter whose first picture stands for the book


def first_picture(notebook):
    """The first PNG that a chapter's cells put out, as bytes; None without one."""
    for cell in notebook["cells"]:
        for out in cell.get("outputs", []):
            if found := out.get("data", {}).get("image/png"):
                return base64.b64decode("".join(found))
    return None


def on_paper(picture, size=SIZE):
    """A PNG in the middle of white paper of a size, as large as it fits, as bytes."""
    drawn = Image.open(BytesIO(picture)).convert("RGBA")
    scale = min(0.92 * size[0] / drawn.width, 0.92 * size[1] / drawn.height)
    drawn = drawn.resize((round(drawn.width * scale), round(drawn.height * scale)))
    paper = Image.new("RGBA", size, "white")
    at = ((size[0] - drawn.width) // 2, (size[1] - drawn.height) // 2)
    paper.alpha_composite(drawn, at)
    target = BytesIO()
    paper.convert("P", palette=Image.Palette.ADAPTIVE, colors=64).save(target, "PNG", optimize=True)
    return target.getvalue()


def write_pictures(app):
    """Put each chapter's picture among the site's static files."""
    folder = Path(app.outdir, "_static", "previews")
    (folder / "small").mkdir(parents=True, exist_ok=True)
    for path in sorted(BOOK.glob("*.ipynb")):
        picture = first_picture(chapters.read(path))
        if picture:
            (folder / f"{path.stem}.png").write_bytes(on_paper(picture))
            (folder / "small" / f"{path.stem}.png").write_bytes(on_paper(picture, SMALL))


def description(doctree):
    """A page in a sentence or two: what its header asks, or else its first paragraph."""
    paragraphs = [" ".join(part.astext().split()) for part in doctree.findall(nodes.paragraph)]
    asks = next((text for text in paragraphs if text.startswith("Asks")), None)
    text = asks.removeprefix("Asks").lstrip(": ") if asks else next(iter(paragraphs), "")
    text = text.partition("You need")[0].strip()
    text = text[:1].upper() + text[1:]
    if len(text) <= LONGEST:
        return text
    return text[: LONGEST - 1].rpartition(" ")[0] + "\N{HORIZONTAL ELLIPSIS}"


def add_metadata(app, pagename, templatename, context, doctree):
    """Say in a page's head what a link to it should show."""
    if doctree is None:
        return
    name = PurePosixPath(pagename).name
    shown = name if (BOOK / f"{name}.ipynb").exists() else FRONT
    picture = context["pathto"](f"_static/previews/{shown}.png", 1)
    if app.config.html_baseurl:  # who shows a link elsewhere needs the whole address
        picture = f"{app.config.html_baseurl.rstrip('/')}/_static/previews/{shown}.png"
    text = description(doctree)
    values = {
        ("name", "description"): text,
        ("property", "og:type"): "article",
        ("property", "og:site_name"): app.config.html_title,
        ("property", "og:title"): app.env.titles[pagename].astext(),
        ("property", "og:description"): text,
        ("property", "og:image"): picture,
        ("name", "twitter:card"): "summary_large_image",
    }
    lines = [
        f'<meta {kind}="{name}" content="{escape(value)}">'
        for (kind, name), value in values.items()
    ]
    context["metatags"] = "\n".join([context.get("metatags", ""), *lines])


def setup(app):
    app.connect("builder-inited", write_pictures)
    app.connect("html-page-context", add_metadata)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
