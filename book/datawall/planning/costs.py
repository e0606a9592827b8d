"""What each lever costs in operations, its teacher and its ensemble included (chapter: planner).

Training takes 6 N D, reading alone 2 N D [Kaplan et al. 2020, table 1]; N leaves the embeddings
out, as everywhere in the book.
"""

from __future__ import annotations

from dataclasses import dataclass

from datawall import validate
from datawall.laws.scaling import FLOPS_PER_PARAM_AND_TOKEN as TRAIN
from datawall.laws.scaling import FLOPS_TO_SERVE as READ


@dataclass(frozen=True)
class Teacher:
    """A teacher: its parameters, the tokens that it has been trained on, and who pays for that.

    students: how many students share the price of its training; 0 for a teacher that is there
    already, whose training nobody is charged for. models: how many of its kind are averaged.
    """

    params: float
    tokens: float
    students: int = 1
    models: int = 1

    def __post_init__(self):
        validate.positive("params", self.params)
        validate.nonnegative("tokens", self.tokens)
        validate.whole("students", self.students, least=0)
        validate.whole("models", self.models)

    @property
    def training(self) -> float:
        """Operations of its training that one student is charged for."""
        if not self.students:
            return 0.0
        return self.models * TRAIN * self.params * self.tokens / self.students

    def opinions(self, tokens: float) -> float:
        """Operations to form an opinion on each of so many tokens."""
        return self.models * READ * self.params * tokens


@dataclass(frozen=True)
class Plan:
    """A way to spend compute on one text.

    params: of one member. tokens: that it reads, repetitions counted. members: models that are
    averaged. teacher: whose opinion of every token read is learnt. judged: operations that a filter
    has cost.
    """

    params: float
    tokens: float
    members: int = 1
    teacher: Teacher | None = None
    judged: float = 0.0

    def __post_init__(self):
        validate.positive("params", self.params)
        validate.positive("tokens", self.tokens)
        validate.whole("members", self.members)
        validate.nonnegative("judged", self.judged)

    @property
    def training(self) -> float:
        """Operations before the first token is served; one teacher serves all members."""
        own = self.members * TRAIN * self.params * self.tokens
        if self.teacher is None:
            return own + self.judged
        asked = self.members * self.teacher.opinions(self.tokens)
        return own + self.judged + self.teacher.training + asked

    def serving(self, tokens: float) -> float:
        """Operations to serve so many tokens: each member reads them all."""
        return self.members * READ * self.params * validate.nonnegative("tokens", tokens)


def judging(params: float, pool: float) -> float:
    """Operations of a judge of so many parameters that reads a pool of tokens once."""
    return READ * validate.positive("params", params) * validate.nonnegative("pool", pool)
