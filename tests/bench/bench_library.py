"""What a chapter waits for, in ratios to this machine's own speed measured in the same run."""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from datawall.collapse import loop, policies
from datawall.generators import closed_forms, measures, networks
from datawall.laws import stock
from datawall.laws.scaling import Chinchilla, fit_chinchilla
from datawall.lm import train
from datawall.lm.model import Config, Transformer
from datawall.lm.sampling import sample
from datawall.lm.train import Job, Recipe
from datawall.text import corpus
from datawall.worlds import render

BOOK = Path(__file__).resolve().parents[2] / "book"
TEXT = torch.from_numpy(np.random.default_rng(0).integers(64, size=300_000))
EXAM = corpus.windows(TEXT, 64, 16, seed=0)


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def seconds(function, *arguments):
    began = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - began


def matmul_rate(size=512):
    """Floating-point operations a second of one thread's float32 matrix product."""
    a, b = torch.randn(2, size, size)
    for _ in range(5):
        a @ b
    return 2 * size**3 / statistics.median(seconds(torch.mm, a, b) for _ in range(50))


@pytest.mark.parametrize("width", [16, 32, 64, 96])
def test_training(benchmark, report, width):
    """6 N D a second as a share of the matrix-product rate, batches of 64 x 64."""
    job = Job(Config(vocab=64, width=width), [64 * 64 * 60], Recipe(batch=64, warmup=5), seed=0)
    benchmark.pedantic(train.fit, (job, TEXT), rounds=3, warmup_rounds=1)
    rate = 6 * job.config.params * job.budgets[0] / benchmark.stats.stats.median
    wanted = " (at least 40 % wanted)" if width == 64 else ""
    report(f"training, width {width}: {rate / matmul_rate():.0%} of the matrix product{wanted}")


def test_two_processes(benchmark, report):
    def job(decay, seed):
        return Job(Config(vocab=64), [50_000], Recipe(weight_decay=decay), seed=seed)

    grid = {"decay": (0.1, 0.2, 0.3, 0.4), "seeds": [0]}  # of one seed, which none shares

    def swept(workers):
        train.sweep(job, TEXT, EXAM, workers=workers, **grid)

    swept(2)  # starts the processes
    one = [seconds(swept, 1) for _ in range(3)]
    benchmark.pedantic(swept, (2,), rounds=3)
    gain = statistics.median(one) / benchmark.stats.stats.median
    report(f"two processes: {gain:.2f} times one (at least 1.8 wanted)")


@torch.no_grad()
def uncached(model, prompt, length):
    generator, out = torch.Generator().manual_seed(0), prompt
    for _ in range(length):
        chance = model(out)[:, -1].softmax(-1)
        out = torch.cat([out, torch.multinomial(chance, 1, generator=generator)], 1)


def test_sampling(benchmark, report):
    """512 sequences of 64 tokens, width 64."""
    model = Transformer(Config(vocab=64), seed=0)
    prompt = torch.zeros(512, 1, dtype=torch.long)
    benchmark.pedantic(sample, (model, prompt, 63), {"seed": 0}, rounds=5, warmup_rounds=1)
    slow = statistics.median(seconds(uncached, model, prompt, 63) for _ in range(3))
    gain = slow / benchmark.stats.stats.median
    report(f"sampling: {gain:.0f} times re-running the context (at least 20 wanted)")


def test_law_with_bootstraps(benchmark, report):
    """240 runs, 300 draws."""
    law = Chinchilla(E=1.8, A=480.0, B=2100.0, alpha=0.35, beta=0.37)
    rng = np.random.default_rng(0)
    params, tokens = 10 ** rng.uniform(8, 10, 240), 10 ** rng.uniform(9.5, 11.5, 240)
    loss = law.loss(params, tokens) * np.exp(rng.normal(scale=0.003, size=240))
    benchmark.pedantic(
        lambda: fit_chinchilla(params, tokens, loss).bootstrap(300, seed=0), rounds=3
    )
    took = benchmark.stats.stats.median
    report(f"law on 240 runs with 300 bootstraps: {took:.1f} s (under 20 wanted)")


def test_projection(benchmark, report):
    """200,000 futures of stock and demand, and the year in which they meet."""
    benchmark.pedantic(
        lambda: stock.project(futures=200_000, seed=0).year(), rounds=5, warmup_rounds=1
    )
    took = benchmark.stats.stats.median
    report(f"projection of 200,000 futures: {took:.2f} s (under 1 wanted)")


def test_render(benchmark, report):
    """10,000 images of 28 x 28 with every knob of the hand turned."""
    labels = np.arange(10_000) % 10
    knobs = render.Knobs(rotation=20, shear=0.4, shift=2, thickness=0.5, wobble=0.1, forms=0.5)
    benchmark.pedantic(render.render, (labels, knobs), {"seed": 0}, rounds=3, warmup_rounds=1)
    report(f"rendering 10,000 images: {benchmark.stats.stats.median:.1f} s (under 10 wanted)")


@pytest.mark.parametrize(
    "generator",
    [networks.VAE(hidden=64, steps=500), networks.Diffusion(hidden=64, layers=2, steps=500)],
    ids=lambda generator: type(generator).__name__,
)
def test_generator(benchmark, report, generator):
    """A small network on small images: what a step costs beside its arithmetic."""
    data = np.random.default_rng(0).normal(size=(500, 64))
    benchmark.pedantic(generator.fit, (data,), {"seed": 0}, rounds=3, warmup_rounds=1)
    step = 1000 * benchmark.stats.stats.median / generator.steps
    report(f"{type(generator).__name__}: {step:.1f} ms a step (under 1.5 wanted)")


def test_support(benchmark, report):
    """2,000 real and 2,000 generated points in 64 dimensions."""
    real, fake = np.random.default_rng(0).normal(size=(2, 2_000, 64))
    benchmark.pedantic(measures.support, (real, fake), rounds=3, warmup_rounds=1)
    took = benchmark.stats.stats.median
    report(f"support of 2,000 points: {took:.2f} s (under 1 wanted)")


def test_chains(benchmark, report):
    """2,000 chains of 200 generations of 100 points."""
    normal = closed_forms.Gaussian()
    settings = normal, policies.Own(), normal.fit([-1.0, 1.0], seed=0), 100, 200, 2_000
    benchmark.pedantic(loop.chains, settings, {"seed": 0}, rounds=3, warmup_rounds=1)
    took = benchmark.stats.stats.median
    report(f"2,000 chains of 200 generations of 100 points: {took:.1f} s (under 2 wanted)")


def test_import(benchmark, report):
    def fresh(statement):
        command = [sys.executable, "-c", statement]
        return seconds(lambda: subprocess.run(command, cwd=BOOK, check=True))

    modules = sorted(path.relative_to(BOOK) for path in (BOOK / "datawall").rglob("[!_]*.py"))
    own = "import " + ", ".join(".".join(path.with_suffix("").parts) for path in modules)
    torchs = statistics.median(fresh("import torch") for _ in range(5))
    benchmark.pedantic(fresh, (own,), rounds=5, warmup_rounds=1)
    took = benchmark.stats.stats.median - torchs
    report(f"import without torch's {torchs:.1f} s: {took:.1f} s (under 1.5 wanted)")


def largest_process(command):
    """Run a command; the most memory of one of its processes, its own or its children's."""
    _, status, used = os.wait4(subprocess.Popen(command).pid, 0)
    assert status == 0
    return used.ru_maxrss


@pytest.mark.parametrize("path", sorted(BOOK.glob("*.ipynb")), ids=lambda path: path.stem)
def test_chapter(benchmark, report, path, tmp_path):
    """Seconds of a chapter, and the most memory that one of its processes took."""
    command = [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", str(path)]
    command += ["--output-dir", str(tmp_path), "--ExecutePreprocessor.timeout=600"]
    most = benchmark.pedantic(largest_process, (command,), rounds=1)
    megabytes = most / (2**20 if sys.platform == "darwin" else 2**10)
    took = benchmark.stats.stats.median
    report(f"chapter {path.stem}: {took:.0f} s, largest process {megabytes:.0f} MB (1000 allowed)")
