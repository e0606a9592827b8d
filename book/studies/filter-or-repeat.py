"""What a filter is worth when the pool is small: keep the best pages and repeat them, or keep all.

Every run has a pool of about 131,000 characters of pages, docstrings and code as they come in two
packages, and keeps a share of it: the pages that a judge likes best, or random ones. The judge was
trained on a third package. The run reads `tokens` characters of what was kept, again and again if
need be. Exams: docstrings and code of a fourth package, and Shakespeare, who is like neither.

Where the pool is read four and eight times, the whole and the judge's larger shares are run with
stronger weight decays as well, since repeated text calls for them [Fang et al. 2025,
arXiv:2503.07879]. Share and decay are to be chosen on other text than the exams: docstrings of the
package that taught the judge, read by models of two seeds that aren't examined.
Chapter: data-quality.
"""

from functools import cache

import numpy as np
import torch

from datawall.evidence import study
from datawall.lm import train
from datawall.lm.model import Config
from datawall.text import corpus, quality

CONTEXT, POOL, QUESTIONS = 64, 2**17, 512
USUAL = 0.1  # weight decay
EXAMS = ("prose", "programs", "plays", "other prose")
EXAMINED, TO_CHOOSE = tuple(range(5)), (5, 6)  # seeds


@cache
def _texts():
    """Pages, the judge's opinion of each, the letters, and the exams one after another."""
    sources, judged, examined = ("scipy", "sklearn"), ["numpy"], ["matplotlib"]
    both = (corpus.docstrings, corpus.sources)
    pages = [page for kind in both for page in kind(sources).pages().documents.values()]
    good, bad = (list(kind(judged).pages().documents.values()) for kind in both)
    opinion = quality.judge(good, bad).predict_proba(pages)[:, 1]
    letters = corpus.Vocabulary("\n\n".join(pages))
    unseen = [*(kind(examined) for kind in both), corpus.shakespeare(), corpus.docstrings(judged)]
    exams = [corpus.windows(letters.encode(x.text), CONTEXT, QUESTIONS, seed=0) for x in unseen]
    return np.array(pages, object), opinion, letters, torch.cat(exams)


def _losses(model, exams):
    parts = zip(EXAMS, exams.split(QUESTIONS), strict=True)
    return {name: train.loss(model, windows)["loss"] for name, windows in parts}


def losses_on_unseen_text(width, by, kept, weight_decay, tokens, seed):
    pages, opinion, letters, exams = _texts()
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(pages))
    pool = order[: 1 + np.searchsorted(np.cumsum([len(p) for p in pages[order]]), POOL)]
    if by == "judge":
        pool = pool[np.argsort(-opinion[pool], kind="stable")]
    reach = np.cumsum([len(page) for page in pages[pool]])
    chosen = rng.permutation(pool[: 1 + np.searchsorted(reach, kept * reach[-1])])
    text = letters.encode("\n\n".join(pages[chosen]))
    unique = min((len(text) - 1) // CONTEXT * CONTEXT, tokens)
    shape = Config(len(letters), width, layers=1, context=CONTEXT)
    torch.set_num_threads(1)
    recipe = train.Recipe(weight_decay=weight_decay, warmup=20)
    job = train.Job(shape, [tokens], recipe, unique, seed=seed)
    (row,) = train.run(job, text, exams, _losses)
    for exam in EXAMS:
        yield {"unique": unique, "loss": row[exam]}


def _keep(by, kept, weight_decay, tokens, seed, exam, **settings):
    """Random pages are the control of one share; strong decay is for what is read often."""
    large = by == "judge" and kept >= 0.5
    if exam == "other prose":
        return large and seed in TO_CHOOSE and tokens == 8 * POOL
    if weight_decay != USUAL:
        return large and seed in EXAMINED and tokens >= 4 * POOL
    return seed in EXAMINED and (by == "judge" or kept == 0.25)


STUDY = study.Study(
    grid={
        "width": (32, 64),
        "by": ("judge", "random"),
        "kept": (1.0, 0.7, 0.5, 0.25, 0.1),
        "weight_decay": (USUAL, 1.0, 3.0),
        "tokens": tuple(2**k for k in range(15, 21)),
        "seed": EXAMINED + TO_CHOOSE,
        "exam": EXAMS,
    },
    function=losses_on_unseen_text,
    results=("unique", "loss"),
    # Text is read up to 32 times: by then one run on two machines differs as two seeds do.
    tolerance=0.04,
    keep=_keep,
    along="exam",
)
