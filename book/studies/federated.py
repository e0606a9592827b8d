"""Rows that stay at home: federated averaging against pooling and against staying alone.

Eight plays are clients of 64 rows each. `way`: "pooled" trains one model on all rows by plain
gradient descent; "averaged" lets each client train on its own and takes the mean after every round
of `local` passes; "alone" never does, and is judged on average over the clients. All have read
their rows `passes` times in the end. `rate` is tried on seed 100 alone, and `choice` is the loss
there on rows kept for that; the other seeds take the best rate. Losses in nats a letter on unread
rows of the same plays, and on the rows read. `auc` and `caught` are those of an attack on the model
that comes out, with one reference, a model trained in the same way on other rows of the same plays;
`auc_server` and `caught_server` of one by the server, on what each client sends in the last round,
with the model that it had sent out as reference. Chapter: private-data.
"""

import numpy as np
import torch

from datawall.evidence import study
from datawall.evidence.seeds import independent
from datawall.privacy import federated, letters, membership
from datawall.privacy.federated import Local
from datawall.text.corpus import Vocabulary, shakespeare, windows

CLIENTS, ROWS, BATCH = 8, 64, 8
UNREAD = 128  # rows of each play for the exam, and half as many to choose by
BEST = {  # rate, and the most passes
    ("pooled", 1): (1.0, 16),
    ("alone", 1): (0.1, 32),
    ("averaged", 1): (1.0, 32),
    ("averaged", 4): (0.3, 64),
}


def gathered(seed):
    """By client: the rows of the model attacked, of its reference, for the exam, and to choose."""
    corpus = shakespeare()
    vocabulary = Vocabulary(corpus.text)
    drawn = np.random.default_rng([seed, 4])
    plays = drawn.permutation(list(corpus.documents))[:CLIENTS]
    sizes = [ROWS, ROWS, UNREAD, UNREAD // 2]
    by_play = [
        windows(vocabulary.encode(corpus.documents[name]), 32, sum(sizes), seed=own).split(sizes)
        for name, own in zip(plays, independent([seed, 5], CLIENTS), strict=True)
    ]
    return len(vocabulary), *zip(*by_play, strict=True)


def trained(vocab, way, local, rate, passes, rows, seed):
    """Servers after each number of passes, and what went into the last one."""
    first, second = independent(seed, 2)
    fresh = letters.drawn(letters.Shape(vocab), seed=first)
    groups = {"pooled": [[torch.cat(rows)]], "averaged": [list(rows)], "alone": [[x] for x in rows]}
    runs = [
        federated.rounds(fresh, group, Local(local, BATCH, rate), passes[-1] // local, seed=second)
        for group in groups[way]
    ]
    before = [fresh] * len(runs)
    for number, made in enumerate(zip(*runs, strict=True), start=1):
        servers = [server for server, _ in made]
        if number * local in passes:
            yield servers, before, [sent for _, sent in made]
        before = servers


def compared(way, local, rate, seed):
    torch.set_num_threads(1)
    vocab, own, other, unread, choice = gathered(seed)
    passes = [p for p in GRID["passes"] if _keep(way, local, rate, p, seed)]
    runs = [
        trained(vocab, way, local, rate, passes, rows, seed=[seed, number])
        for number, rows in enumerate((own, other))
    ]
    made = zip(*runs, strict=True)
    for count in GRID["passes"]:
        yield _judged(way, *next(made), own, unread, choice) if count in passes else None


def _judged(way, first, second, own, unread, choice):
    (servers, before, sent), (references, *_) = first, second
    exam, check, read = torch.cat(unread), torch.cat(choice), torch.cat(own)
    found = {
        "unread": np.mean([_loss(m, exam).mean() for m in servers]),
        "choice": np.mean([_loss(m, check).mean() for m in servers]),
    }
    if way == "alone":
        trios = list(zip(servers, references, own, strict=True))
        parts = [_scores(m, [r], rows, exam) for m, r, rows in trios]
        found["read"] = np.mean([_loss(m, rows).mean() for m, _, rows in trios])
    else:
        parts = [_scores(servers[0], references, read, exam)]
        found["read"] = _loss(servers[0], read).mean()
    found["auc"] = np.mean([membership.auc(*part) for part in parts])
    found["caught"] = np.mean([membership.caught(*part) for part in parts])
    seen = []
    if way == "averaged":
        trips = zip(sent[0], own, unread, strict=True)
        seen = [_scores(model, before, rows, apart) for model, rows, apart in trips]
    found["auc_server"] = np.mean([membership.auc(*part) for part in seen]) if seen else -1
    found["caught_server"] = np.mean([membership.caught(*p) for p in seen]) if seen else -1
    return {name: float(value) for name, value in found.items()}


def _scores(model, references, rows, unread):
    return tuple(
        membership.calibrated(_loss(model, part), [_loss(m, part) for m in references])
        for part in (rows, unread)
    )


def _loss(model, rows):
    return letters.losses(model, rows).numpy()


def _keep(way, local, rate, passes, seed):
    if way == "averaged" and rate == 0.1:  # 0.3 is too low for it
        return False
    if way == "alone" and rate == 3.0:  # it diverges
        return False
    if way != "averaged" and (local != 1 or (rate > 0.1 and passes > 16)):  # they overfit before
        return False
    best, most = BEST[way, local]
    return seed == 100 or (rate == best and passes <= most)


GRID = {
    "way": ("pooled", "alone", "averaged"),
    "local": (1, 4),
    "rate": (0.1, 0.3, 1.0, 3.0),
    "passes": (4, 8, 16, 32, 64),
    "seed": (100, 0, 1, 2, 3, 4),
}
LOSSES = ("unread", "choice", "read")
ATTACKS = ("auc", "caught", "auc_server", "caught_server")
STUDY = study.Study(
    grid=GRID,
    function=compared,
    results=(*LOSSES, *ATTACKS),
    tolerance={
        **{name: (0.03, 0.0) for name in LOSSES},
        **{name: (0.0, 0.04) for name in ATTACKS},
    },
    keep=_keep,
    along="passes",
)
