import pandas as pd
import pytest
import torch
from torch import nn

from datawall.lm import facts
from datawall.text.corpus import Vocabulary

TWO = pd.DataFrame({"group": "a", "name": ["abc", "xyz"], "number": [37, 80]})
LETTERS = Vocabulary("abcdefghijklmnopqrstuvwxyz0123456789 \n.:QA", least=1)


class Scripted(nn.Module):
    """A model that writes a given text after each prompt, whatever it is."""

    def __init__(self, *texts):
        super().__init__()
        self.texts, self.start = [LETTERS.encode(text) for text in texts], None

    def forward(self, tokens):
        self.start = tokens.shape[1] if self.start is None else self.start
        self.prompts = [LETTERS.decode(row[: self.start]) for row in tokens]
        logits = torch.zeros(*tokens.shape, len(LETTERS))
        for row, text in enumerate(self.texts):
            logits[row, -1, text[tokens.shape[1] - self.start]] = 1.0
        return logits


def test_facts_have_their_groups_and_no_name_twice():
    found = facts.facts({"asked": 300, "kept": 200}, seed=0)
    assert found.group.value_counts().to_dict() == {"asked": 300, "kept": 200}
    assert found.name.is_unique and found.name.str.fullmatch("[a-z]{3}").all()
    assert found.number.between(10, 99).all() and found.number.nunique() > 80
    assert facts.facts({"asked": 300, "kept": 200}, seed=0).equals(found)
    assert not facts.facts({"asked": 300, "kept": 200}, seed=1).equals(found)


def test_every_name_can_be_drawn_and_no_more():
    assert facts.facts({"all": 26**3}, seed=0).name.nunique() == 26**3
    with pytest.raises(ValueError, match="17,577 facts, and there are 17,576 names"):
        facts.facts({"all": 26**3, "more": 1}, seed=0)


@pytest.mark.parametrize("count", [0, 1.5, True, "3"])
def test_a_group_of_no_whole_number(count):
    with pytest.raises(ValueError, match="facts of some"):
        facts.facts({"some": count}, seed=0)


def test_lines_are_facts_in_every_form_as_often_as_chance_has_it():
    text = facts.lines(TWO, ("{name} is {number}.\n", "{name}: {number}.\n"), 40_000, seed=0)
    assert len(text) == 40_000
    whole = pd.Series(text.split("\n")[:-1]).value_counts()
    assert set(whole.index) == {"abc is 37.", "abc: 37.", "xyz is 80.", "xyz: 80."}
    assert whole.max() < 1.15 * whole.min()
    assert text == facts.lines(
        TWO, ("{name} is {number}.\n", "{name}: {number}.\n"), 40_000, seed=0
    )


def test_lines_of_another_seed_are_others():
    one, other = (facts.lines(TWO, facts.FORMS, 500, seed=s) for s in (0, 1))
    assert one != other


def test_lines_of_nothing():
    with pytest.raises(ValueError, match="no facts or no forms"):
        facts.lines(TWO.iloc[:0], facts.FORMS, 100, seed=0)
    with pytest.raises(ValueError, match="no facts or no forms"):
        facts.lines(TWO, (), 100, seed=0)
    with pytest.raises(ValueError, match="characters"):
        facts.lines(TWO, facts.FORMS, 0, seed=0)


def test_forms_and_questions_put_the_number_after_the_name():
    for form in (*facts.FORMS, facts.QUESTION + facts.ANSWER):
        line = form.format(name="abc", number=37)
        assert line.index("abc") < line.index("37") and line.endswith("\n")


def test_answers_are_what_the_model_finds_likeliest_after_the_prompt_of_a_new_line():
    model = Scripted("37\n", "8a.")
    assert facts.answers(model, LETTERS, TWO) == ["37\n", "8a."]
    assert model.prompts == ["\nQ abc A ", "\nQ xyz A "]
    model = Scripted("123", "456")
    facts.answers(model, LETTERS, TWO, "{name}: ")
    assert model.prompts == ["\nabc: ", "\nxyz: "]
    with pytest.raises(ValueError, match="no facts"):
        facts.answers(model, LETTERS, TWO.iloc[:0])


@pytest.mark.parametrize(
    ("written", "formed", "right"),
    [
        (["37\n", "80\n"], 1, 1),
        (["37\n", "81\n"], 1, 0.5),
        (["73\n", "08\n"], 1, 0),
        (["37.", "80 "], 0, 0),
        (["3\n7", "8\n0"], 0, 0),
        (["a7\n", "80\n"], 0.5, 0.5),
        (["3x\n", "80\n"], 0.5, 0.5),
        (["37", "80\n"], 0.5, 0.5),
    ],
)
def test_marks(written, formed, right):
    assert facts.marks(written, TWO) == {"formed": formed, "right": right}


def test_an_answer_too_few():
    with pytest.raises(ValueError, match="1 answers to 2 questions"):
        facts.marks(["37\n"], TWO)


def test_what_is_known_as_a_statement_needs_no_end():
    model = Scripted("37.", "81.")
    assert facts.known(model, LETTERS, TWO) == 0.5
    assert model.prompts == ["\nabc is ", "\nxyz is "]
