"""MyST written out as plain Markdown, which JupyterLab, VS Code and Colab show as it is meant.

Markdown-it's tokens say what is a role or a directive and what only looks like one, in a code block
for example; what stands between them is left to the letter.
"""

import re
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from pathlib import PurePosixPath

from markdown_it.renderer import RendererHTML
from myst_nb.core.variables import format_plain_text
from myst_parser.config.main import MdParserConfig
from myst_parser.parsers.mdit import create_md_parser

SPECIAL = re.compile(r"[\\*_`$<|]")


class NoPlainForm(Exception):
    """A role or a directive that can't be written out."""


@dataclass
class Page:
    """A page that is being written out: where it is, and what it has cited and shown so far.

    site: what the built site knows, a `records.Site`. name: the page, as Sphinx calls it. cited:
    keys of sources. images: paths of pictures beside the page.
    """

    site: object
    name: str
    cited: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)

    def look_up(self, what, where, key):
        """The entry of a table of the site; NoPlainForm, with the page, if there is none."""
        if key not in where:
            raise NoPlainForm(f"{self.name}: no {what} {key!r}")
        return where[key]


def plain(text, page):
    """`text`, in MyST, as plain Markdown; NoPlainForm for what can't be written so."""
    starts = [0, *accumulate(len(line) for line in text.splitlines(keepends=True))]
    done, at = [], 0  # what is written out, and how far the text is read

    def replace(start, end, by):
        nonlocal at
        done.append(text[at:start] + by)
        at = end

    for token in _parser().parse(text):
        first, last = token.map or (0, 0)
        start, end = starts[first], starts[min(last, len(starts) - 1)]
        if token.type == "inline":
            for found, child in _roles(text, max(at, start), token.children):
                replace(*found.span(), _role(page, child))
        elif token.type in ("fence", "colon_fence") and token.info.startswith("{"):
            indent = re.match(r"[\s>]*", text[start:]).group()
            lines = _directive(page, token).splitlines()
            replace(start, end, "\n".join(indent + line for line in lines) + "\n")
        elif token.type in ("myst_target", "myst_line_comment"):
            replace(start, end, "")
    # A fence may end with the text, without the line break that was put in its place.
    out = "".join(done) + text[at:]
    return out if text.endswith("\n") else out.removesuffix("\n")


@cache
def _parser():
    extensions = {"amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath", "tasklist"}
    config = MdParserConfig(enable_extensions=extensions)
    return create_md_parser(config, RendererHTML)


def _roles(text, at, children):
    """The roles among tokens, each with where it stands in the text: (match, token).

    Pieces of code are looked for too, lest what looks like a role in one be taken for it.
    """
    for child in children:
        if child.type not in ("myst_role", "code_inline"):
            continue
        before = re.escape(f"{{{child.meta['name']}}}") if child.type == "myst_role" else ""
        words = r"\s+".join(re.escape(word) for word in child.content.split())
        found = re.compile(rf"{before}(`+)\s*{words}\s*\1").search(text, at)
        at = found.end()
        if child.type == "myst_role":
            yield found, child


def _role(page, token):
    name = token.meta["name"]
    if name.startswith("cite:"):
        return _cite(page, name.removeprefix("cite:"), token.content)
    return page.look_up("plain form for the role", ROLES, name)(page, token.content)


def _directive(page, token):
    name, _, argument = token.info.strip()[1:].partition("}")
    options, body = {}, token.content.splitlines()
    while body and (option := re.match(r":(\w[\w-]*):\s*(.*)", body[0])):
        options[option[1]] = option[2].strip()
        body.pop(0)
    write = page.look_up("plain form for the directive", DIRECTIVES, name)
    return write(page, argument.strip(), options, "\n".join(body).strip("\n"))


def escaped(text):
    """Text that Markdown would read as marks, so that it reads as it is."""
    return SPECIAL.sub(r"\\\g<0>", text)


# Roles: a function of the page and of what stands between the backticks


def _title_and_target(content):
    """What `title <target>` says; the title is None where only the target stands."""
    found = re.fullmatch(r"(.+?)\s*<([^<>]+)>", content, re.DOTALL)
    return found.groups() if found else (None, content)


def _result(page, content):
    key, _, form = content.rpartition(":") if ":" in content else (content, "", "s")
    document, _, name = key.rpartition("::")
    stem = PurePosixPath(document).stem if document else PurePosixPath(page.name).name
    where = page.look_up("results of a chapter", page.site.results, stem)
    return escaped(format_plain_text(page.look_up("result", where, name), form))


def _cite(page, kind, content):
    text, keys = page.site.cite(kind, content)
    page.cited += [key for key in keys if key not in page.cited]
    return escaped(text)


def _figure_number(page, content):
    title, target = _title_and_target(content)
    number = page.look_up("figure", page.site.figures, target)
    form = title or page.site.figure_format
    return form.replace("{number}", number).replace("%s", number)


def _equation_number(page, content):
    return f"({page.look_up('equation', page.site.equations, content)})"


def _term(page, content):
    title, target = _title_and_target(content)
    return f"[{title or target}](glossary.md)"


def _document(page, content):
    title, target = _title_and_target(content)
    name = PurePosixPath(target).name
    file, heading = page.look_up("page", page.site.files, name)
    return f"[{title or heading}]({file})"


ROLES = {
    "glue:text": _result,
    "measured": lambda page, content: escaped(page.site.measured(content)),
    "published": lambda page, content: escaped(page.site.published(content)),
    "on-site": lambda page, content: content.partition(" <")[0],
    "verdict-zh": lambda page, content: page.site.verdict_zh(content),
    "numref": _figure_number,
    "eq": _equation_number,
    "term": _term,
    "doc": _document,
}


# Directives: a function of the page, of the argument, of the options, and of the body


def _math(page, argument, options, body):
    lines = [line for line in [argument, *body.splitlines()] if line.strip()]
    if "label" in options:
        number = page.look_up("equation", page.site.equations, options["label"])
        lines.append(rf"\tag{{{number}}}")
    return "\n".join(["$$", *lines, "$$"])


def caption(page, text, name=None):
    """A figure's caption, numbered as on the site."""
    number = f" {page.look_up('figure', page.site.figures, name)}" if name else ""
    return f"**Figure{number}.** {plain(text, page)}"


def _figure(page, path, options, body):
    page.images.append(path)
    image = f"![{options.get('alt', '')}]({path})"
    return f"{image}\n\n{caption(page, body, options.get('name'))}" if body else image


def _glossary(page, argument, options, body):
    entries, named = [], False  # a term may have a second name below it
    for line in plain(body, page).splitlines():
        term = bool(line[:1].strip())
        if term and named:
            entries[-1] = f"{entries[-1].removesuffix('**:')} ({line.strip()})**:"
        elif term:
            entries.append(f"- **{line.strip()}**:")
        elif line.strip():
            entries[-1] += f" {line.strip()}"
        named = term
    return "\n".join(entries)


def _ledger(page, argument, options, body):
    return plain(page.site.ledger(argument or None), page)


def _verdicts(page, argument, options, body):
    return plain(page.site.verdicts(), page)


def _cards(page, argument, options, body):
    return plain(body, page)


DIRECTIVES = {
    "math": _math,
    "figure": _figure,
    "glossary": _glossary,
    "ledger": _ledger,
    "verdicts": _verdicts,
    "cards": _cards,
}


def references(page):
    """What the page has cited, as a list under a heading of its own; "" if it cites nothing."""
    if not page.cited:
        return ""
    lines = [f"- {page.site.reference(key)}" for key in page.site.in_order(page.cited)]
    return "\n".join(["## References", "", *lines])
