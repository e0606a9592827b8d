"""The most that any attack can do to the models of the study `privacy` that keep a promise.

`noise` keeps a promise of `epsilon` over so many `passes`, at the batch of that study. `promised_*`
is what epsilon and delta alone allow an attack, `auc` and `caught` what all that the same noise
promises allows; the latter are shares at one false alarm in a hundred. Nothing here is drawn at
random. Chapter: private-data.
"""

from datawall.evidence import study
from datawall.privacy import accounting, private, promises, readers, trials

ROWS = 1000 + readers.TWINS * sum(readers.COPIES)
BATCH = {2: 32, 8: 128, 32: 128}  # as in that study
LARGER = {("2", 32): 512}


def bounds(epsilon, passes):
    batch, delta = LARGER.get((epsilon, passes), BATCH[passes]), trials.delta(ROWS)
    steps = private.steps(passes, ROWS, batch)
    noise = accounting.noise_for(float(epsilon), delta, batch / ROWS, steps)
    how = noise, batch / ROWS, steps
    return {
        "noise": noise,
        "auc": promises.most_auc_by_noise(*how),
        "caught": float(promises.most_by_noise(*how, [0.01])[0]),
        "promised_auc": accounting.most_auc(float(epsilon), delta),
        "promised_caught": float(accounting.most_caught(float(epsilon), delta, 0.01)),
    }


STUDY = study.Study(
    grid={"epsilon": ("32", "8", "2"), "passes": (2, 8, 32)},
    function=bounds,
    results=("noise", "auc", "caught", "promised_auc", "promised_caught"),
    tolerance=0.01,
)
