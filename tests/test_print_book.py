"""The book as one PDF: which pages, in which order, under which outline."""

import pytest
from pypdf import PdfReader

import print_book


def test_the_books_pages_come_in_its_order_under_their_parts():
    found = list(print_book.pages())
    assert found[0] == ("", "book/intro")
    names = [name for _, name in found]
    assert names.index("book/data-stock") < names.index("book/repeated-epochs")
    assert dict((name, part) for part, name in found)["book/data-stock"] == "The wall"
    assert "book/teaching" not in names and len(set(names)) == len(names)


def test_without_a_site_or_a_browser_it_is_said_what_to_do(site, tmp_path, monkeypatch, request):
    monkeypatch.setattr(print_book, "sync_playwright", _Running(request))
    with pytest.raises(SystemExit, match="`make book` builds it"):
        print_book.write(site=tmp_path)
    monkeypatch.setattr(print_book, "find_browser", lambda bundled: None)
    with pytest.raises(SystemExit, match="install Chromium"):
        print_book.write(site=site, target=tmp_path / "b.pdf")


def test_pages_are_printed_into_one_file_with_an_outline(site, tmp_path, monkeypatch, request):
    monkeypatch.setattr(print_book, "sync_playwright", _Running(request))
    target = tmp_path / "book.pdf"
    sheets = print_book.write(
        site=site, target=target, only={"intro", "repeated-epochs", "notation"}
    )
    read = PdfReader(target)
    assert len(read.pages) == sheets > 20
    text = [page.extract_text() for page in read.pages]
    assert "What can be done when training data runs out" in text[0]
    key = next(n for n, page in enumerate(text) if page.lstrip().startswith("Key"))
    assert "Right." in " ".join(text[key : key + 4])  # solutions stand behind the chapter
    flat = [item for item in read.outline if not isinstance(item, list)]
    assert [item.title for item in flat] == ["The Data Wall", "Use what you have", "Reference"]
    (inner, _) = [item for item in read.outline if isinstance(item, list)]
    assert inner[0].title.startswith("4. Repeated epochs")


class _Running:
    """Playwright as the tests have started it, since it can't be started twice in a process."""

    def __init__(self, request):
        self.browser = request.getfixturevalue("browser")

    def __call__(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        pass

    @property
    def chromium(self):
        return self

    executable_path = ""

    def launch(self, **options):
        context = self.browser.new_context()
        context.new_page, made = (lambda **how: made()), context.new_page
        return context
