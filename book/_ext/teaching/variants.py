"""Exercises with other numbers: drawn by a seed, with what is right for them."""

import tomllib
from functools import cache
from importlib import import_module
from math import floor, log10

import numpy as np
from scipy.stats import norm

import answering
from datawall import BOOK

VARIANTS = BOOK / "variants.toml"
MODULES = {"scaling": "datawall.laws.scaling", "measures": "datawall.generators.measures"}


@cache
def variants():
    """What can be drawn anew, by exercise."""
    with VARIANTS.open("rb") as file:
        return tomllib.load(file)["variant"]


def drawn(exercise, *, seed):
    """Values for an exercise's names, by this seed; never those that are printed in the book."""
    made = variants()[exercise]
    rng = np.random.default_rng([seed, *exercise.encode()])
    while True:
        values = {
            name: choices[rng.integers(len(choices))] for name, choices in made["draw"].items()
        }
        if values != made["as_printed"]:
            return values


def answer(exercise, values):
    """What is right for these values."""
    made = variants()[exercise]
    known = {name: import_module(MODULES[name]) for name in made.get("uses", ())}
    return float(eval(made["answer"], {"np": np, "norm": norm, **known, **values}))


def asked(exercise, values):
    """The exercise with these values, as `exercises.toml` would have it; hints for its own numbers
    are left out."""
    known = answering.asked_for()[exercise]
    kept = {
        name: known[name]
        for name in ("kind", "tolerance", "within", "asks", "look")
        if name in known
    }
    return kept | {"answer": answer(exercise, values)}


def prompt(exercise, values):
    """What the exercise asks with these values."""
    shown = {name: tex(value) for name, value in values.items()}
    return variants()[exercise]["prompt"].format(**shown)


def tex(value):
    """A number as a formula has it: 2 \\times 10^{9} from a hundred thousand on."""
    if abs(value) < 1e5:
        return f"{value:g}" if abs(value) < 1e4 else f"{value:,.0f}".replace(",", r"{,}")
    power = floor(log10(abs(value)))
    digits = f"{value / 10**power:.4g}"
    return rf"10^{{{power}}}" if digits == "1" else rf"{digits} \times 10^{{{power}}}"
