"""The whole book as one PDF, printed from the built site by a browser: `make pdf`."""

import argparse
import os
import shutil
import sys
from io import BytesIO
from pathlib import Path

import yaml
from playwright.sync_api import sync_playwright
from pypdf import PdfReader, PdfWriter

from room import BROWSERS

ROOT = Path(__file__).resolve().parents[2]
SITE, TARGET = ROOT / "_build" / "html", ROOT / "_build" / "data-wall.pdf"
NOT_PRINTED = {"teaching"}  # what needs a screen
# Without these Chromium asks for its maker's hosts at every start, and needs a sandbox and a GPU.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NO_BROWSER = (
    "No browser to print with: install Chromium (Debian and Ubuntu: apt install chromium), run "
    "`playwright install chromium`, or name one in DATAWALL_CHROMIUM."
)
FOOT = (
    '<div style="font: 8px sans-serif; width: 100%; text-align: center">'
    '<span class="title"></span>, <span class="pageNumber"></span></div>'
)
PAPER = {
    "format": "A4",
    "margin": {"top": "14mm", "bottom": "16mm", "left": "13mm", "right": "13mm"},
    "display_header_footer": True,
    "header_template": "<div></div>",
    "footer_template": FOOT,
}


def pages(site=SITE):
    """The pages of the table of contents, in its order, with its parts: (part, page)."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    yield "", toc["root"]
    for part in toc["parts"]:
        for entry in part["chapters"]:
            if Path(entry["file"]).name not in NOT_PRINTED:
                yield part["caption"], entry["file"]


def find_browser(bundled):
    """The path of a Chromium: the one named, the system's, or Playwright's own; else None."""
    named = os.environ.get("DATAWALL_CHROMIUM")
    if named:
        return shutil.which(named)
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    return shutil.which(bundled)


def printed(page, address):
    """A page as PDF, once its formulas are set and its figures drawn; returns (title, bytes)."""
    page.goto(address)
    page.wait_for_load_state("networkidle")
    page.evaluate("window.MathJax?.startup?.promise")
    page.wait_for_function("!document.querySelector('figure.vega-figure:not(.drawn)')")
    title = page.locator("article h1").first.inner_text().removesuffix("#").strip()
    return title, page.pdf(**PAPER)


def write(site=SITE, target=TARGET, only=None):
    """Print the site's pages into one file, with an outline; returns how many sheets it has.

    only: names of pages, or None for all of them.
    """
    if not (site / "index.html").exists():
        raise SystemExit("There is no site yet: `make book` builds it.")
    writer, parts = PdfWriter(), {}
    with sync_playwright() as playwright:
        path = find_browser(playwright.chromium.executable_path)
        if path is None:
            raise SystemExit(NO_BROWSER)
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = chromium.new_page(viewport={"width": 1100, "height": 1400}, color_scheme="light")
        for part, name in pages(site):
            if only is not None and Path(name).name not in only:
                continue
            title, content = printed(page, (site / f"{name}.html").as_uri())
            first = len(writer.pages)
            writer.append(PdfReader(BytesIO(content)), import_outline=False)
            if part and part not in parts:
                parts[part] = writer.add_outline_item(title=part, page_number=first)
            writer.add_outline_item(title=title, page_number=first, parent=parts.get(part))
            print(f"{title}: {len(writer.pages) - first} sheets")
        chromium.close()
    writer.add_metadata({"/Title": "The Data Wall", "/Author": "The Data Wall contributors"})
    writer.compress_identical_objects()
    writer.write(target)
    return len(writer.pages)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--to", type=Path, default=TARGET)
    given = parser.parse_args(arguments)
    sheets = write(target=given.to)
    print(f"{sheets} sheets in {given.to}")


if __name__ == "__main__":
    sys.exit(main())
