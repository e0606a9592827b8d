"""The quiz's choices, shuffled alike at every build; answers that no search shows."""

import pytest
from docutils import nodes

import quiz

CHOICES = [
    f'<details class="choice"><summary>{n}</summary>\n\n**{n}.**\n\n</details>' for n in "abc"
]
CELL = "## Quiz\n\nOpen one.\n\n" + "\n\n".join(
    f"### Question {n}\n\nWhich?\n\n" + "\n\n".join(CHOICES) + "\n" for n in (1, 2)
)


def test_an_order_stays_and_differs_by_chapter_and_question():
    assert quiz.order("a", 1, 3) == quiz.order("a", 1, 3)
    assert sorted(quiz.order("a", 1, 5)) == [0, 1, 2, 3, 4]
    orders = {tuple(quiz.order(chapter, n, 4)) for chapter in "abc" for n in range(5)}
    assert len(orders) > 8


def test_each_place_comes_first_as_often():
    firsts = [quiz.order("a chapter", n, 3)[0] for n in range(3000)]
    assert all(900 < firsts.count(place) < 1100 for place in range(3))


def test_choices_move_within_their_question_and_all_else_stays():
    found = quiz.shuffled(CELL, "chapter")
    for part, number in zip(found.split("### Question")[1:], "12", strict=True):
        assert quiz.CHOICE.findall(part) == [CHOICES[i] for i in quiz.order("chapter", number, 3)]
    assert quiz.CHOICE.sub("", found) == quiz.CHOICE.sub("", CELL)
    assert found != CELL


@pytest.mark.parametrize(
    "text", ["", "# A heading\n\nText.", "### Question 1\n\nWhich?", CHOICES[0]]
)
def test_what_is_no_question_stays(text):
    assert quiz.shuffled(text, "chapter") == text


def test_answers_are_left_out_of_a_copy():
    def raw(text):
        return nodes.raw("", text, format="html")

    section = nodes.section()
    section += [
        nodes.paragraph("", "before"),
        raw('<details class="choice"><summary>one</summary>'),
        nodes.paragraph("", "the reason"),
        raw("</details>"),
        raw('<details class="note"><summary>two</summary>'),
        nodes.paragraph("", "a note"),
        raw("</details>"),
        raw('<details class="solution">\n<summary>Worked</summary>'),
        nodes.paragraph("", "so it goes"),
        raw("</details>"),
        nodes.paragraph("", "after"),
    ]
    doctree = nodes.document(None, None)
    doctree += section
    found = quiz.without_answers(doctree).astext()
    assert "the reason" not in found and "so it goes" not in found
    assert "one" not in found.replace("done", "")
    for text in ("before", "two", "a note", "Worked", "after"):
        assert text in found
    assert "the reason" in doctree.astext()
