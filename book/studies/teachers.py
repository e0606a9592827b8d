"""What a student learns that has little real text and a teacher who writes as much as it reads.

Each student reads 2,048 rows of 64 characters: its own `real` characters of Shakespeare, again and
again, for one part, and rows that a larger model wrote for the other, the `share`. It learns the
letters; or the teacher's opinion of each next letter; or, without that teacher, its "own opinion":
that of a student of its own size and training that has read the same before. `rows` says which of
the teacher's rows it gets: all as they come; of twice as many the half that the teacher finds
likeliest, or that a judge takes for real; or those of five teachers, in equal parts. `budgets`: how
many times 2,048 rows it reads. A student whose teacher is four times as large, or that is trained
twice, uses the compute of 2.33 (`EQUAL`), so one without a teacher may read as much. `decay` is its
weight decay, which matters where little is read often. Exam: unseen plays, and in them the words
that are rare in all that there is to train on. Chapter: teachers.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import torch

from datawall.evidence import study
from datawall.generators import grading, language
from datawall.lm import train
from datawall.text import corpus, quality

LENGTH, ROWS, PLENTY, SEEDS = 64, 2**11, 2**13, 5
EQUAL = 2.33  # budgets: one pass of the teacher, 4 x 2 N, beside the student's 6 N a token


def plays():
    return grading.unseen_plays(LENGTH)


@cache
def teacher(seed):
    """A larger model that has read plenty."""
    rows = corpus.windows(plays().text, LENGTH - 1, PLENTY, seed=seed)
    knobs = language.LanguageModel(len(plays().letters), PLENTY * (LENGTH + 1), width=64, layers=1)
    return knobs.fit(rows, seed=seed)


def _written(rows, count, seed):
    """Rows (count, length) by a teacher, or by five, after a filter."""
    if rows == "five":
        parts = [teacher(s).sample(1 + count // SEEDS, seed=seed) for s in range(SEEDS)]
        return torch.cat(parts)[:count]
    found = teacher(seed).sample(count if rows == "all" else 2 * count, seed=seed)
    if rows == "all":
        return found
    if rows == "likely":
        merit = -teacher(seed).nats(found)
    if rows == "judged":
        real = corpus.windows(plays().text, LENGTH - 1, len(found), seed=seed + SEEDS)
        # Others than those that it will judge.
        written = teacher(seed).sample(len(found), seed=seed + SEEDS)
        spelled = [[plays().letters.decode(row) for row in part] for part in (real, written, found)]
        merit = quality.judge(*spelled[:2]).predict_proba(spelled[2])[:, 1]
    return found[np.sort(np.argsort(-merit, kind="stable")[:count])]


def losses_of_a_student(real, share, targets, rows, budgets, decay, seed):
    torch.set_num_threads(1)
    count = round(budgets * ROWS)
    given = round(share * count)
    own = corpus.windows(plays().text, LENGTH - 1, real // LENGTH, seed=seed + 2 * SEEDS)
    again = own[torch.arange(count - given) % len(own)]
    read = torch.cat([again, _written(rows, given, seed)]) if given else again
    knobs = language.LanguageModel(
        len(plays().letters),
        count * (LENGTH + 1),
        width=32,
        layers=1,
        recipe=train.Recipe(warmup=20, weight_decay=decay),
    )
    if targets == "opinion":
        knobs = replace(knobs, teacher=teacher(seed))
    if targets == "own opinion":
        knobs = replace(knobs, teacher=knobs.fit(read, seed=seed + 3 * SEEDS))
    loss, on_rare = plays().losses(knobs.fit(read, seed=seed))
    of_teacher, of_teacher_on_rare = plays().losses(teacher(seed))
    return {
        "loss": loss,
        "rare": on_rare,
        "teacher": of_teacher,
        "teacher_rare": of_teacher_on_rare,
    }


def _keep(real, share, targets, rows, budgets, decay, seed):
    """A student of the teacher alone has no use for real text; filters are tried on that one.

    Students without the larger teacher may read longer and decay more where their text is little,
    and one with endless text reads for the compute that a teacher costs.
    """
    usual = budgets == 1 and decay == 0.1
    if share == 1:
        tried = rows == "all" or targets == "letters"
        return usual and real == 2**11 and tried and targets != "own opinion"
    if rows != "all":
        return False
    if real == 2**19:
        return share == 0 and targets == "letters" and budgets == EQUAL and decay == 0.1
    if share == 0 and real == 2**13 and targets != "opinion":
        return targets == "letters" or budgets == 1
    return usual and (share == 0 or targets != "own opinion")


STUDY = study.Study(
    grid={
        "real": (2**11, 2**13, 2**15, 2**17, 2**19),
        "share": (0.0, 0.25, 0.5, 0.75, 1.0),
        "targets": ("letters", "opinion", "own opinion"),
        "rows": ("all", "likely", "judged", "five"),
        "budgets": (0.25, 1.0, EQUAL),
        "decay": (0.1, 1.0, 3.0),
        "seed": tuple(range(SEEDS)),
    },
    function=losses_of_a_student,
    results=("loss", "rare", "teacher", "teacher_rare"),
    tolerance=0.02,
    keep=_keep,
)
