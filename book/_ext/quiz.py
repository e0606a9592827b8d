"""The quiz as readers meet it: choices shuffled, answers out of the search's sight."""

import re
from copy import deepcopy
from hashlib import sha256

from docutils import nodes

QUESTION = re.compile(r"^### Question (\d+)\s*$.*?(?=^##|\Z)", re.M | re.S)
CHOICE = re.compile(r'<details class="choice">.*?</details>', re.S)
OPENS = re.compile(r'<details class="(choice|solution)">')


def order(chapter, question, count):
    """The places from which the choices come, by chance, the same at every build."""

    def chance(place):
        return sha256(f"choice {place} of question {question}, {chapter}".encode()).digest()

    return sorted(range(count), key=chance)


def shuffled(source, chapter):
    """A cell's Markdown with the choices of each question in their order."""

    def asked(question):
        choices = CHOICE.findall(question[0])
        ahead = iter(order(chapter, question[1], len(choices)))
        return CHOICE.sub(lambda _: choices[next(ahead)], question[0])

    return QUESTION.sub(asked, source)


def without_answers(doctree):
    """A copy without what opens on request: a quiz's choices, worked solutions."""
    doctree = deepcopy(doctree)
    for parent in {id(node.parent): node.parent for node in doctree.findall(nodes.raw)}.values():
        kept, closed = [], True
        for node in parent.children:
            text = node.astext() if isinstance(node, nodes.raw) else ""
            opens = OPENS.search(text)
            if closed and not (opens and opens[1] == "choice"):
                kept.append(node)
            if opens:
                closed = False
            if "</details>" in text:
                closed = True
        parent.children = kept
    return doctree
