"""Scaling laws: the published ones, fitting them, and compute-optimal allocation.

Chapters: scaling-laws, overtraining, repeated-epochs. Symbols as there: params N (non-embedding
unless a source says otherwise), tokens D, unique tokens U, loss L in nats a token, flops C = 6 N D,
ratio M = D / N.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product

import joblib
import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import elementwise, least_squares, minimize, nnls
from scipy.special import expit, logsumexp

from datawall.evidence import intervals, progress, workers
from datawall.laws import checks

FLOPS_PER_PARAM_AND_TOKEN = 6  # forward 2, backward 4 [Kaplan et al. 2020, section 2.1]
FLOPS_TO_SERVE = 2  # a parameter and token: forward only


@dataclass(frozen=True)
class Chinchilla:
    """L(N, D) = E + A / N^alpha + B / D^beta  [Hoffmann et al. 2022, equation 2].

    E: loss that no model removes. A, alpha: what a small model costs. B, beta: what little data
    costs. Chapter: scaling-laws.
    """

    E: float
    A: float
    B: float
    alpha: float
    beta: float

    def loss(self, params: ArrayLike, tokens: ArrayLike) -> np.ndarray:
        """Loss in nats a token; arrays of params and tokens broadcast.

        Raises ValueError for what isn't above 0.
        """
        params, tokens = checks.positive(params=params, tokens=tokens)
        return self.E + self.A * params**-self.alpha + self.B * tokens**-self.beta

    def compute_optimal(self, flops: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Params and tokens of the least loss at C = 6 N D [Hoffmann et al. 2022, equation 4].

        Raises ValueError for flops that aren't above 0.
        """
        budget = checks.positive(flops=flops)[0] / FLOPS_PER_PARAM_AND_TOKEN
        params = self.balance * budget**self.params_exponent
        return params, budget / params

    @property
    def balance(self) -> float:
        """G in the paper: what the split of a budget is scaled with."""
        share = self.alpha * self.A / (self.beta * self.B)
        return share ** (1 / (self.alpha + self.beta))

    def lifetime_optimal(self, loss: ArrayLike, served: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Params and tokens that reach `loss` at the least cost of a lifetime, 6 N D + 2 N served.

        loss: nats a token, above E. served: tokens that the model will read and write in use, none
        or more; the arrays broadcast. With none served it is the compute-optimal model of that loss
        [Sardana et al. 2024, equations 2 and 3]. Chapter: overtraining.

        Raises ValueError for a loss that no model reaches, or a negative number of tokens.
        """
        loss, served = np.broadcast_arrays(np.asarray(loss, float), np.asarray(served, float))
        if not (loss > self.E).all():
            raise ValueError(f"loss must lie above {self.E:.4g}, which no model removes")
        if not (served >= 0).all():
            raise ValueError("served must be a number of tokens, none or more")
        debt = loss - self.E

        def split(logit):  # params and tokens when size and data share the debt
            by_size, by_data = debt * expit(logit), debt * expit(-logit)
            return (self.A / by_size) ** (1 / self.alpha), (self.B / by_data) ** (1 / self.beta)

        def slope(logit, debt, served):  # of the log of the cost over params, zero at the least
            tokens = (self.B / (debt * expit(-logit))) ** (1 / self.beta)
            extra = FLOPS_TO_SERVE * served / (FLOPS_PER_PARAM_AND_TOKEN * tokens)
            return np.log(self.alpha / self.beta) + logit - np.log1p(extra)

        ends = np.full(loss.shape, -50.0), np.full(loss.shape, 50.0)
        return split(elementwise.find_root(slope, ends, args=(debt, served)).x)

    @property
    def params_exponent(self) -> float:
        """a in N_opt ~ C^a, that is beta / (alpha + beta)."""
        return self.beta / (self.alpha + self.beta)


@dataclass(frozen=True)
class Kaplan:
    """L(N, D) = ((N_c / N)^(alpha_N / alpha_D) + D_c / D)^alpha_D  [Kaplan et al. 2020, eq. 1.5].

    Its allocation was fitted apart from it: N_opt ~ C^params_exponent. Chapter: scaling-laws.
    """

    N_c: float
    alpha_N: float
    D_c: float
    alpha_D: float
    params_exponent: float

    def loss(self, params: ArrayLike, tokens: ArrayLike) -> np.ndarray:
        """Loss in nats a token; arrays of params and tokens broadcast.

        Raises ValueError for what isn't above 0.
        """
        params, tokens = checks.positive(params=params, tokens=tokens)
        small = (self.N_c / params) ** (self.alpha_N / self.alpha_D)
        return (small + self.D_c / tokens) ** self.alpha_D


@dataclass(frozen=True)
class OverTraining:
    """L(C, M) = E + (a M^eta + b M^-eta) C^-eta, with M = D / N  [Gadre et al. 2024, equation 4].

    At a fixed ratio M of tokens to parameters, a power law in compute above the floor E; all ratios
    share the exponent. It is the Chinchilla law with alpha = beta = 2 eta. Chapter: overtraining.
    """

    E: float
    a: float
    b: float
    eta: float

    def loss(self, flops: ArrayLike, ratio: ArrayLike) -> np.ndarray:
        """Loss in nats a token; arrays of flops and tokens a parameter broadcast.

        Raises ValueError for what isn't above 0.
        """
        flops, ratio = checks.positive(flops=flops, ratio=ratio)
        return self.E + (self.a * ratio**self.eta + self.b * ratio**-self.eta) * flops**-self.eta

    @property
    def chinchilla(self) -> Chinchilla:
        """The same law in terms of params and tokens."""
        lift = FLOPS_PER_PARAM_AND_TOKEN**-self.eta
        return Chinchilla(self.E, self.a * lift, self.b * lift, 2 * self.eta, 2 * self.eta)

    @property
    def optimal_ratio(self) -> float:
        """Tokens a parameter of the least loss, the same at every budget."""
        return (self.b / self.a) ** (1 / (2 * self.eta))


@dataclass(frozen=True)
class DataConstrained:
    """The Chinchilla law with worn-out tokens and parameters  [Muennighoff et al. 2023, eq. 5, 6].

    Tokens read again, R = D / U - 1 times over, are worth ever less, and so are parameters beyond
    those that are compute-optimal for the unique tokens U:
    D' = U + U R_D (1 - exp(-R / R_D)), N' likewise with R_N, L = E + A / N'^alpha + B / D'^beta.
    R_D, R_N: repetitions after which another is worth 1/e of a first one. Chapter: repeated-epochs.
    """

    base: Chinchilla
    R_D: float
    R_N: float

    def effective_tokens(self, tokens: ArrayLike, unique_tokens: ArrayLike) -> np.ndarray:
        """D': tokens that would be worth as much, were each read once; arrays broadcast.

        Raises ValueError for what isn't above 0.
        """
        return _worn(*checks.positive(tokens=tokens, unique_tokens=unique_tokens), self.R_D)

    def effective_params(self, params: ArrayLike, unique_tokens: ArrayLike) -> np.ndarray:
        """N': parameters that would be worth as much with plenty of text; arrays broadcast.

        Raises ValueError for what isn't above 0.
        """
        params, unique = checks.positive(params=params, unique_tokens=unique_tokens)
        return _worn(params, np.minimum(params, _enough(self.base, unique)), self.R_N)

    def loss(self, params: ArrayLike, tokens: ArrayLike, unique_tokens: ArrayLike) -> np.ndarray:
        """Loss in nats a token; arrays of params, tokens and unique tokens broadcast.

        Raises ValueError for what isn't above 0.
        """
        return self.base.loss(
            self.effective_params(params, unique_tokens),
            self.effective_tokens(tokens, unique_tokens),
        )


def _enough(law: Chinchilla, unique: np.ndarray) -> np.ndarray:
    """Parameters that are compute-optimal for so many unique tokens."""
    return law.balance * (unique * law.balance) ** (law.beta / law.alpha)


def _worn(total: np.ndarray, fresh: np.ndarray, scale: float) -> np.ndarray:
    repeats = np.maximum(total / fresh - 1, 0)
    return np.minimum(total, fresh) - fresh * scale * np.expm1(-repeats / scale)


@dataclass(frozen=True)
class Overfitting:
    """The Chinchilla law and a penalty for what is learned by heart: + P R^delta (N / U)^kappa.

    R = D / U - 1 repetitions of U unique tokens. An additive penalty, as Lovelace et al. 2026
    propose it, can turn a curve up, which worn-out tokens can't. Chapter: repeated-epochs.
    """

    base: Chinchilla
    P: float
    delta: float
    kappa: float

    def loss(self, params: ArrayLike, tokens: ArrayLike, unique_tokens: ArrayLike) -> np.ndarray:
        """Loss in nats a token; arrays of params, tokens and unique tokens broadcast.

        Raises ValueError for what isn't above 0.
        """
        params, tokens, unique = checks.positive(
            params=params, tokens=tokens, unique_tokens=unique_tokens
        )
        repeats = np.maximum(tokens / unique - 1, 0)
        penalty = self.P * repeats**self.delta * (params / unique) ** self.kappa
        return self.base.loss(params, tokens) + penalty


# Two significant figures, as printed in Hoffmann et al. 2022, equation 10.
HOFFMANN_2022_ROUNDED = Chinchilla(E=1.69, A=406.4, B=410.7, alpha=0.34, beta=0.28)
# The digits in the paper's own source, read by Besiroglu et al. 2024.
HOFFMANN_2022 = Chinchilla(
    E=np.exp(0.5267228), A=np.exp(6.0073404), B=np.exp(6.0179186), alpha=0.3391684, beta=0.2849083
)
# Besiroglu et al. 2024, "Chinchilla Scaling: A replication attempt", their fit to 240 runs.
BESIROGLU_2024 = Chinchilla(E=1.817, A=482.01, B=2085.43, alpha=0.3478, beta=0.3658)
# Muennighoff et al. 2023, their fit to 182 runs on C4, alpha and beta tied (repository, README).
MUENNIGHOFF_2023 = DataConstrained(
    Chinchilla(
        E=np.exp(0.6254804),
        A=np.exp(6.255414),
        B=np.exp(7.3049974),
        alpha=0.3526596,
        beta=0.3526596,
    ),
    R_D=15.387756,
    R_N=5.309743,
)
# The constants that Sardana et al. 2024 take for their worked examples.
SARDANA_2024 = Chinchilla(E=1.69, A=406.4, B=410.7, alpha=0.336, beta=0.283)
# Kaplan et al. 2020: the exponents of their figure 1 and the allocation of their figure 14.
KAPLAN_2020 = Kaplan(N_c=8.8e13, alpha_N=0.076, D_c=5.4e13, alpha_D=0.095, params_exponent=0.73)


Law = Chinchilla | OverTraining | DataConstrained | Overfitting


@dataclass(frozen=True)
class Fit:
    """A fitted law, its objective, and the runs that it was fitted to.

    objective: what the fit made small, summed over the runs. runs: arrays (runs,) by name: params,
    tokens, loss, and unique_tokens where text was read again. refit: fits the law again to other
    runs of that kind, starting from a law.
    """

    law: Law
    objective: float
    runs: Mapping[str, np.ndarray]
    refit: Callable[[Mapping[str, np.ndarray], Law], Law] = field(repr=False, compare=False)

    def refits(self, tables: Iterable[Mapping[str, ArrayLike]]) -> list[Law]:
        """The law fitted to each of several tables of runs, from where this fit ended.

        tables: what `runs` holds, by the same names, columns of a DataFrame for example. For a
        bootstrap that does more with a sample of runs than to fit the law. Runs on all cores, and
        a bar shows how far it is.
        """
        tables = [{name: np.asarray(x[name], float) for name in self.runs} for x in tables]
        tasks = [joblib.delayed(self.refit)(table, self.law) for table in tables]
        count = max(1, min(joblib.cpu_count(), len(tasks) // 10))  # a few aren't worth a process
        with progress.bar(len(tasks), "fits") as moved:
            return workers.run(tasks, count, needs=self.refit, moved=moved)

    def bootstrap(self, n: int, *, seed: int, groups: ArrayLike | None = None) -> list[Law]:
        """`n` laws, each fitted to as many runs drawn with replacement.

        groups: a label a run; runs with one label (budgets read from one training run, say) are
        drawn together, since they aren't independent. Without it each run stands alone. Raises
        ValueError for another number of labels than runs.
        """
        count = len(self.runs["loss"])
        labels = np.arange(count) if groups is None else np.ravel(groups)
        if len(labels) != count:
            raise ValueError(f"{len(labels)} groups for {count} runs: give one a run")
        return self.refits(
            {name: values[rows] for name, values in self.runs.items()}
            for rows in intervals.resamples(n, seed=seed, groups=labels)
        )


def fit_chinchilla(params: ArrayLike, tokens: ArrayLike, loss: ArrayLike) -> Fit:
    """Fit the Chinchilla law to runs: arrays (runs,) of params, tokens and loss in nats.

    Minimises the sum over runs of Huber(log predicted - log measured), delta 1e-3, the three
    terms joined by log-sum-exp [Hoffmann et al. 2022, section 3.3], by BFGS from the best points
    of a grid of starts. Summed, not averaged: averaging made the original fit stop early
    [Besiroglu et al. 2024].

    Raises ValueError for arrays of different lengths, fewer than six runs, values that aren't
    positive numbers or losses that are all the same; and for runs that many laws fit equally well:
    fewer than three sizes or three budgets, or one ratio of tokens to parameters
    (`checks.identified`).
    """
    runs = _runs(6, params=params, tokens=tokens, loss=loss)
    _check_design(runs["params"], runs["tokens"])
    law, objective = _best(**runs, starts=_starts(**runs))
    return Fit(law, objective, runs, lambda drawn, law: _best(**drawn, starts=[_pack(law)])[0])


def fit_overtraining(params: ArrayLike, tokens: ArrayLike, loss: ArrayLike) -> Fit:
    """Fit the over-training law to runs by least squares, as its authors do to five cheap ones.

    params, tokens, loss: arrays (runs,). Raises ValueError for arrays of different lengths, fewer
    than five runs, values that aren't positive numbers or losses that are all the same; and for
    runs that many laws fit equally well: one ratio of tokens to parameters, or too few budgets
    (`checks.identified`).
    """
    runs = _runs(5, params=params, tokens=tokens, loss=loss)
    if np.ptp(np.log(runs["tokens"] / runs["params"])) < 0.05:
        raise ValueError("all runs have one ratio of tokens to parameters: vary it")
    small, short, by_params, by_tokens = _slopes(runs["params"], runs["tokens"])
    floor = np.ones_like(small)
    if not checks.identified([floor, small, short, by_params + by_tokens]):
        raise ValueError(
            "these runs don't fix the law: give runs at three budgets of compute or more, and one "
            "of them at another ratio of tokens to parameters, too"
        )
    law, objective = _best_overtraining(**runs)
    return Fit(law, objective, runs, lambda drawn, law: _best_overtraining(**drawn)[0])


def fit_repetition(
    form: type[DataConstrained] | type[Overfitting],
    base: Chinchilla,
    params: ArrayLike,
    tokens: ArrayLike,
    unique_tokens: ArrayLike,
    loss: ArrayLike,
    **fixed: float,
) -> Fit:
    """Fit what repetition adds to a known law; the objective is the summed Huber loss.

    form: DataConstrained or Overfitting. base: the law of fresh tokens, which stays as it is.
    params, tokens, unique_tokens, loss: arrays (runs,). fixed: constants that stay as given, as for
    a profile. Minimises as `fit_chinchilla` does, from a grid of starts.

    Raises ValueError for arrays of different lengths, fewer than six runs, values that aren't
    positive numbers, losses that are all the same, or a name in `fixed` that the form lacks; and
    where a constant that isn't fixed changes no loss: nothing is repeated, or, for R_N, no model
    has more parameters than are compute-optimal for its unique tokens, or, for delta and kappa, all
    repetitions or all ratios of parameters to unique tokens are the same.
    """
    runs = _runs(6, params=params, tokens=tokens, unique_tokens=unique_tokens, loss=loss)
    _check_repetition(form, base, fixed, **runs)
    law, objective = _best_repetition(form, base, fixed, **runs)
    return Fit(
        law, objective, runs, lambda drawn, _: _best_repetition(form, base, fixed, **drawn)[0]
    )


def rounded(law: Chinchilla, digits: int) -> Chinchilla:
    """The law as it would be printed, each constant with so many significant digits."""
    return Chinchilla(**{name: float(f"{x:.{digits}g}") for name, x in vars(law).items()})


def isoflop_exponent(params: ArrayLike, tokens: ArrayLike, loss: ArrayLike) -> float:
    """The exponent a of N_opt ~ C^a, read off isoFLOP curves without a law of the loss.

    params, tokens, loss: arrays (runs,). Runs whose compute agrees to one percent are a curve; a
    parabola in log N through each curve of three sizes or more gives its best size, and a line
    through the logarithms of these the exponent [Hoffmann et al. 2022, section 3.2]. Raises
    ValueError for arrays of different lengths, values that aren't positive numbers, and fewer than
    two curves that have a least point.
    """
    runs = _runs(6, params=params, tokens=tokens, loss=loss)
    size = np.log(runs["params"])
    compute = np.log(FLOPS_PER_PARAM_AND_TOKEN * runs["params"] * runs["tokens"]).round(2)
    found = []
    for budget in np.unique(compute):
        curve = compute == budget
        if len(np.unique(size[curve])) < 3:
            continue
        middle = size[curve].mean()
        bend, slope, _ = np.polyfit(size[curve] - middle, runs["loss"][curve], 2)
        if bend > 0:
            found.append((budget, middle - slope / (2 * bend)))
    if len(found) < 2:
        raise ValueError(
            f"{len(found)} isoFLOP curves have a least point: give two budgets or more, each with "
            "three sizes"
        )
    return float(np.polyfit(*np.transpose(found), 1)[0])


HUBER_DELTA = 1e-3
SCALE = 1e3  # lifts the objective above BFGS's absolute tolerances


def _runs(least: int, **columns: ArrayLike) -> dict[str, np.ndarray]:
    few = f"{{n}} runs can't fix {least - 1} constants: give at least {least}"
    return checks.columns(few, least, **columns)


def _slopes(params: np.ndarray, tokens: np.ndarray) -> tuple[np.ndarray, ...]:
    """How the loss of the Chinchilla law changes with A, B, alpha and beta, both exponents 1/3.

    Equal exponents are the hardest case, and near to what is measured.
    """
    n, d = (np.log(x) - np.log(x).mean() for x in (params, tokens))
    small, short = np.exp(-n / 3), np.exp(-d / 3)
    return small, short, small * n, short * d


def _check_design(params: np.ndarray, tokens: np.ndarray) -> None:
    for name, values in (("sizes", params), ("budgets of tokens", tokens)):
        count = len(np.unique(np.log(values).round(2)))
        if count < 3:
            raise ValueError(
                f"{count} {name} don't fix five constants: vary both sizes and budgets, and give "
                "three or more of each"
            )
    if not checks.identified([np.ones_like(params), *_slopes(params, tokens)]):
        raise ValueError(
            "the runs have nearly one ratio of tokens to parameters, or sizes or budgets that are "
            "nearly the same, so that many laws fit them equally well: vary the tokens at each size"
        )


CONSTANTS = {DataConstrained: ("R_D", "R_N"), Overfitting: ("P", "delta", "kappa")}


def _check_repetition(form, base, fixed, params, tokens, unique_tokens, loss) -> None:
    if form not in CONSTANTS:
        raise ValueError(f"form is {form!r}: give DataConstrained or Overfitting")
    for name in fixed:
        if name not in CONSTANTS[form]:
            known = ", ".join(CONSTANTS[form])
            raise ValueError(f"{form.__name__} has no {name}: fix some of {known}")
    free = set(CONSTANTS[form]) - set(fixed)
    if not free:
        raise ValueError("all constants are fixed, so there is nothing to fit: leave one free")
    repeats = (tokens / unique_tokens - 1).round(6)
    again = repeats > 0
    if free - {"R_N"} and not again.any():
        raise ValueError("no run reads a text again: give runs of more tokens than unique_tokens")
    if "R_N" in free and not (params > _enough(base, unique_tokens)).any():
        raise ValueError(
            "no model has more parameters than are compute-optimal for its unique tokens, so R_N "
            "changes nothing: give larger models, or fix it"
        )
    for name, values in (("delta", repeats), ("kappa", (params / unique_tokens))):
        if name in free and np.ptp(np.log(values[again])) < 1e-6:
            raise ValueError(
                f"{name} can't be told from P: give runs that repeat unlike, or fix it"
            )


def _best_overtraining(params, tokens, loss) -> tuple[OverTraining, float]:
    """The law of least squares, and the sum of squares."""
    log_c, log_m = np.log(FLOPS_PER_PARAM_AND_TOKEN * params * tokens), np.log(tokens / params)

    def terms(eta):  # (runs, 3): what E, a and b are multiplied with, scaled to about one
        rest = -eta * (log_c - log_c.mean())
        up, down = (np.exp(sign * eta * (log_m - log_m.mean()) + rest) for sign in (1, -1))
        return np.stack([np.ones_like(loss), up, down], axis=1)

    def solved(log_eta):
        matrix = terms(np.exp(log_eta[0]))
        return matrix, nnls(matrix, loss)[0]  # E, a and b aren't negative

    def miss(log_eta):
        matrix, weights = solved(log_eta)
        return matrix @ weights - loss

    starts = np.log([0.02, 0.05, 0.1, 0.2, 0.4, 0.8])
    found = [least_squares(miss, [start], xtol=1e-12, ftol=1e-12, gtol=1e-12) for start in starts]
    best = min(found, key=lambda result: result.cost)
    eta, (E, up, down) = float(np.exp(best.x[0])), solved(best.x)[1]
    lift = np.exp(eta * log_c.mean())
    a, b = (w * lift * np.exp(-s * eta * log_m.mean()) for w, s in ((up, 1), (down, -1)))
    law = OverTraining(E=float(E), a=float(a), b=float(b), eta=eta)
    return law, 2 * float(best.cost)


def _best_repetition(form, base, fixed, params, tokens, unique_tokens, loss):
    """The law of the least summed Huber loss from a grid of starts, and that sum."""
    ranges = {"R_D": (2, 10, 50, 200), "R_N": (0.5, 2, 5, 20)}
    if form is Overfitting:
        ranges = {"P": (1e-3, 1e-2, 0.1), "delta": (0.5, 1, 1.5), "kappa": (0.3, 0.8)}
    free = [name for name in ranges if name not in fixed]

    def law(theta):
        return form(base, **fixed, **dict(zip(free, np.exp(theta), strict=True)))

    def objective(theta):
        return (
            SCALE
            * _huber(np.log(law(theta).loss(params, tokens, unique_tokens)) - np.log(loss)).sum()
        )

    starts = [np.log(start) for start in product(*(ranges[name] for name in free))]
    best = sorted(starts, key=objective)[:3]
    bounds = [np.log([1e-6, 10 if name in ("delta", "kappa") else 1e4]) for name in free]
    found = [minimize(objective, start, method="L-BFGS-B", bounds=bounds) for start in best]
    least = min(found, key=lambda result: result.fun)
    return law(least.x), float(least.fun / SCALE)


def _pack(law: Chinchilla) -> np.ndarray:
    return np.array([np.log(law.A), np.log(law.B), np.log(law.E), law.alpha, law.beta])


def _unpack(theta: np.ndarray) -> Chinchilla:
    a, b, e, alpha, beta = (float(x) for x in theta)
    return Chinchilla(E=np.exp(e), A=np.exp(a), B=np.exp(b), alpha=alpha, beta=beta)


def _huber(gap: np.ndarray) -> np.ndarray:
    size = np.abs(gap)
    return np.where(size <= HUBER_DELTA, gap**2 / 2, HUBER_DELTA * (size - HUBER_DELTA / 2))


def _objective(theta, log_n, log_d, log_loss):
    """Summed Huber loss and its gradient in (a, b, e, alpha, beta)."""
    a, b, e, alpha, beta = theta
    terms = np.stack([a - alpha * log_n, b - beta * log_d, np.broadcast_to(e, log_n.shape)])
    total = logsumexp(terms, axis=0)
    share = np.exp(terms - total)  # (3, runs)
    gap = total - log_loss
    slope = np.clip(gap, -HUBER_DELTA, HUBER_DELTA) * share
    by_alpha, by_beta = -(slope[0] * log_n).sum(), -(slope[1] * log_d).sum()
    return _huber(gap).sum(), np.array([*slope.sum(axis=1), by_alpha, by_beta])


def _starts(params, tokens, loss, keep: int = 8) -> list[np.ndarray]:
    """The best points of a grid over exponents and shares of each term at the typical run."""
    log_n, log_d, log_loss = np.log(params), np.log(tokens), np.log(loss)
    exponents, floors = (0.1, 0.2, 0.35, 0.5, 0.8), (0.2, 0.5, 0.8, 0.95)
    grid = []
    for alpha, beta, floor, share in product(exponents, exponents, floors, (0.2, 0.5, 0.8)):
        e = np.log(floor * loss.min())
        rest = np.median(loss) - floor * loss.min()
        a = np.log(share * rest) + alpha * np.median(log_n)
        b = np.log((1 - share) * rest) + beta * np.median(log_d)
        grid.append(np.array([a, b, e, alpha, beta]))
    return sorted(grid, key=lambda start: _objective(start, log_n, log_d, log_loss)[0])[:keep]


def _best(params, tokens, loss, starts) -> tuple[Chinchilla, float]:
    log_n, log_d, log_loss = np.log(params), np.log(tokens), np.log(loss)
    mid_n, mid_d = log_n.mean(), log_d.mean()
    centre = np.eye(5)  # (a - alpha mid_n, b - beta mid_d, e, alpha, beta): far better conditioned
    centre[0, 3], centre[1, 4] = -mid_n, -mid_d
    data = log_n - mid_n, log_d - mid_d, log_loss

    def scaled(theta):
        value, slope = _objective(theta, *data)
        return SCALE * value, SCALE * slope

    found = [
        minimize(scaled, centre @ start, jac=True, method="BFGS", options={"gtol": 1e-6})
        for start in starts
    ]
    best = min(found, key=lambda result: result.fun)
    return _unpack(np.linalg.solve(centre, best.x)), float(best.fun / SCALE)
