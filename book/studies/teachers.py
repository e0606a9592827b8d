"""What a student learns that has little real text and a teacher who writes without end.

Each student reads 2,048 rows of 64 characters: its own `real` characters of Shakespeare, again and
again, for one part, and rows that a larger model wrote for the other, the `share`. It learns the
letters, or the teacher's opinion of each next letter. `rows` says which of the teacher's rows it
gets: all as they come; of twice as many the half that the teacher finds likeliest, or that a judge
takes for real; or those of five teachers, in equal parts. Exam: unseen plays, and in them the words
that are rare in all that there is to train on. Chapter: teachers.
"""

from dataclasses import replace
from functools import cache

import numpy as np
import torch

from datawall.evidence import study
from datawall.generators import grading, language
from datawall.lm import model, sampling, train
from datawall.text import corpus, quality

LENGTH, ROWS, PLENTY, SEEDS = 64, 2**11, 2**13, 5


def plays():
    return grading.unseen_plays(LENGTH)


@cache
def teacher(seed):
    """A larger model that has read plenty."""
    rows = corpus.windows(plays().text, LENGTH - 1, PLENTY, seed=seed)
    knobs = language.LanguageModel(
        len(plays().letters), PLENTY * (LENGTH + 1), width=64, layers=1
    )
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
        written = teacher(seed).sample(len(found), seed=seed + SEEDS)  # others than those it will judge
        spelled = [[plays().letters.decode(row) for row in part] for part in (real, written, found)]
        merit = quality.judge(*spelled[:2]).predict_proba(spelled[2])[:, 1]
    return found[np.sort(np.argsort(-merit, kind="stable")[:count])]


def losses_of_a_student(real, share, targets, rows, seed):
    torch.set_num_threads(1)
    given = round(share * ROWS)
    own = corpus.windows(plays().text, LENGTH - 1, real // LENGTH, seed=seed + 2 * SEEDS)
    again = own[torch.arange(ROWS - given) % len(own)]
    read = torch.cat([again, _written(rows, given, seed)]) if given else again
    knobs = language.LanguageModel(
        len(plays().letters),
        ROWS * (LENGTH + 1),
        width=32,
        layers=1,
        recipe=train.Recipe(warmup=20),
    )
    if targets == "opinion":
        knobs = replace(knobs, teacher=teacher(seed))
    loss, on_rare = plays().losses(knobs.fit(read, seed=seed))
    of_teacher, of_teacher_on_rare = plays().losses(teacher(seed))
    return {
        "loss": loss,
        "rare": on_rare,
        "teacher": of_teacher,
        "teacher_rare": of_teacher_on_rare,
    }


def _keep(real, share, targets, rows, seed):
    """A student of the teacher alone has no use for real text; filters are tried on that one."""
    if share == 1:
        return real == 2**11 and (rows == "all" or targets == "letters")
    return rows == "all"


STUDY = study.Study(
    grid={
        "real": (2**11, 2**13, 2**15, 2**17),
        "share": (0.0, 0.25, 0.5, 0.75, 1.0),
        "targets": ("letters", "opinion"),
        "rows": ("all", "likely", "judged", "five"),
        "seed": tuple(range(SEEDS)),
    },
    function=losses_of_a_student,
    results=("loss", "rare", "teacher", "teacher_rare"),
    tolerance=0.02,
    uses=(corpus, grading, language, model, quality, sampling, train),
    keep=_keep,
)
