"""A model and an adapter on it, each in a process of its own, hold the weights once: they map the same file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
import pytest
from transformers import AutoModelForCausalLM, LlamaConfig

from playground.memory import MB, estimate_mb, same_weights, stamp
from playground.status import resident_mb
from tests.models import CAT, settings, write
from tests.tiny_models import SIZES, tiny, write_adapter
from tests.tiny_models import write as write_weights

if TYPE_CHECKING:
    from pathlib import Path

    from playground.catalog import ModelSpec
    from playground.pool import Pool

WIDE = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 2}
WEIGHTS_MB = 122  # 2 layers of 3 × 1024² + 3 × 1024 × 4096 numbers, each four bytes, and two embeddings of 320 × 1024


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelSpec, ModelSpec]:
    """Write a Llama whose weights outweigh its process's other memory, and a LoRA on it; return their entries."""
    folder: Path = tmp_path_factory.mktemp("wide")
    write_weights(AutoModelForCausalLM.from_config(LlamaConfig(**{**SIZES, **WIDE})), folder / "llama")
    base = replace(tiny("llama"), key="base", title="Base", file=folder / "llama", dtype="float32")
    adapter_file = write_adapter("lora", folder / "llama", folder / "lora")
    return base, replace(base, key="tuned", title="Tuned", adapter="path:y", adapter_file=adapter_file)


def weights_mb(pid: int) -> tuple[float, float]:
    """Return what a process holds of weight files in MB, all of it and its share."""
    maps = [found for found in psutil.Process(pid).memory_maps() if found.path.endswith(".safetensors")]
    return sum(found.rss for found in maps) / MB, sum(found.pss for found in maps) / MB


def test_a_model_and_its_adapter_hold_the_weights_once(pool: Pool, pair: tuple[ModelSpec, ModelSpec]) -> None:
    """Both use all of the weights, which are there once, and answer differently; the budget counts them once."""
    tuned = pair[1]
    pool.catalog = replace(pool.catalog, models=(*pool.catalog.models, *pair))
    plain = write(pool, "base", CAT, settings(8, temperature=0))
    first = pool.status("base").pid
    # Enough for the second if what both map is counted once; by its files alone it is said to need more.
    pool._fleet.memory_mb = resident_mb(first) + estimate_mb(tuned, stamp(tuned)) - WEIGHTS_MB
    changed = write(pool, "tuned", CAT, settings(8, temperature=0))
    assert [step.get("token_id") for step in plain] != [step.get("token_id") for step in changed]
    assert pool.status("base").pid == first
    held, shares = zip(weights_mb(first), weights_mb(pool.status("tuned").pid), strict=True)
    assert (min(held) > WEIGHTS_MB, sum(shares) < 1.05 * WEIGHTS_MB) == (True, True)


def test_the_same_file_read_in_another_way_shares_nothing(pair: tuple[ModelSpec, ModelSpec]) -> None:
    """Another type of numbers is a copy of its own; toys have no file to share."""
    base, tuned = pair
    files = stamp(base)
    assert same_weights((base, files), (tuned, stamp(tuned)))
    assert not same_weights((base, files), (replace(base, dtype="bfloat16"), files))
    assert not same_weights((base, ()), (base, ()))
