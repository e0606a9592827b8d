"""What rules are given beside a notebook: how long its parts may be, what it must agree with."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SKELETON = (
    "The claim",
    "Predict",
    "The idea",
    "The experiment",
    "Paper beside ours",
    "What a toy can't tell",
    "Exercises",
    "Quiz",
    "Summary",
)
HEADER = ("Asks", "You need", "Reading time", "Run time")
KINDS = {"Prediction": 1, "Code": 2, "Judgement": 1}  # kind of exercise -> how many at least
GIVENS = ("Exercises", "Quiz")  # sections in which a formula may hold a number typed by hand
MARK = "# NBVAL_CHECK_OUTPUT"


@dataclass(frozen=True)
class Limits:
    """How long a chapter and its parts may be; a pair is a least and a most."""

    line: int = 88  # characters of a line of code
    words: tuple[int, int] = (1000, 3000)  # a quarter of an hour; no aim
    words_a_minute: int = 200
    reading_time_slack: float = 0.3
    figures: int = 3
    alt_characters: int = 40
    caption_words: tuple[int, int] = (5, 45)
    reading_words: int = 5
    exercises: int = 4
    questions: tuple[int, int] = (4, 5)
    choices: int = 3
    reason_words: int = 8
    quiz_share: float = (
        0.4  # of all questions, how many may be guessed by the answer's place or length
    )
    bytes: int = 450_000


@dataclass(frozen=True)
class Context:
    """What a chapter must agree with: ledger, bibliography and the other chapters."""

    chapter: str
    limits: Limits = Limits()
    bibliography: frozenset[str] = frozenset()
    claims: tuple[Mapping, ...] = ()  # rows of ledger.toml
    figures: Mapping[str, str] = field(default_factory=dict)  # figure's name -> the other chapter
    quoted: frozenset[str] = frozenset()  # keys of this chapter that other pages quote
