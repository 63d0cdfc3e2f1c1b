"""How much memory the models may take together, and what one of them is likely to take.

- The budget is ``SHARE`` of the machine's memory, or of the control group's limit where that is lower; the rest is for
  the page, for the system and for what models grow by while they are used (kept logits alone up to 256 MB each).
- An estimate comes from what ``stat`` says of the files. Nothing is opened: a model's file is read in its own process.
- Everything is in MB of 2**20 bytes, resident in main memory.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from playground.errors import ModelBusy, ModelError
from playground.sentences import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playground.catalog import ModelSpec

Files = tuple[tuple[int, ...], ...]  # size, time and identity of each

SHARE = 0.75
MB = 2**20
CGROUP, OWN_CGROUP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
LIMIT_FILES = ("memory.max", "memory/memory.limit_in_bytes")  # of version 2 and of version 1
SPLIT = re.compile(r"-\d{5}(-of-\d{5}\.gguf)")  # llama.cpp opens all parts, whichever is named

# Python and the backend's library, measured: the toy takes 34, llama.cpp 61, torch with transformers 330 to 400.
PROCESS_MB = {"toy": 40, "llamacpp": 80, "hf": 450}
# Copies of the context that a backend sets up where `sequences` is left out; transformers' cache grows with the texts.
CONTEXTS = {"llamacpp": 5}
# A token's keys and values in float16 depend on the architecture, which cannot be seen from outside: 12 for
# Qwen2.5-0.5B, 18 for Gemma 3 270M, 23 for SmolLM2-135M, 36 for Qwen2.5-3B, 128 for Llama 3 8B.
TOKEN_KB = 32
# Bytes in memory for each byte on disk. transformers unpacks a GGUF file, whose numbers take some 4.5 bits, to 16 or
# 32 bits; safetensors hold 16.
UNPACKED, UNPACKED_WIDE, AS_STORED, WIDENED = 3.6, 7.2, 1.0, 2.0


def budget_mb() -> int:
    """Return the default budget: a share of the memory that this process could have."""
    return int(SHARE * min([psutil.virtual_memory().total, *_limits(CGROUP, OWN_CGROUP)]) / MB)


def _limits(root: Path, own: Path) -> Iterator[int]:
    """Yield the limits, in bytes, of this process's control groups and of those around them."""
    lines = own.read_text(encoding="utf-8").splitlines() if own.is_file() else []
    inner = {Path(line.split(":", 2)[2].lstrip("/")) for line in lines if line.count(":") > 1}
    for path in {around for group in inner for around in (group, *group.parents)} | {Path()}:
        for name in LIMIT_FILES:
            file = root / Path(name).parent / path / Path(name).name
            text = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
            if text.isdecimal():  # or “max”
                yield int(text)


def model_files(spec: ModelSpec) -> list[Path]:
    """Return the files that hold a model's weights; none for a toy without a table."""
    if spec.file is None:
        return []
    if spec.file.is_dir():
        return sorted(spec.file.glob("*.safetensors"))
    if SPLIT.search(spec.file.name):
        return sorted(spec.file.parent.glob(SPLIT.sub(r"-?????\1", spec.file.name)))
    return [spec.file]


def stamp(spec: ModelSpec) -> Files:
    """Return what changes when a model's files do; shorter where one is gone. A disk may take its time to answer."""
    found = []
    for path in model_files(spec):
        with suppress(OSError):
            stat = path.stat()
            found.append((stat.st_size, stat.st_mtime_ns, stat.st_ino))
    return tuple(found)


def estimate_mb(spec: ModelSpec, files: Files) -> int:
    """Return about how much a model takes once it is loaded.

    A guess where the architecture decides (``TOKEN_KB``): SmolLM2-135M with a context of 256, 2,048 and 8,192 tokens is
    said to take 213, 493 and 1,453, and takes 186, 383 and 1,059. What lies on a GPU is left out if all of it does.
    """
    on_disk = sum(size for size, *_ in files) / MB
    on_gpu = spec.backend == "llamacpp" and spec.gpu_layers == -1
    contexts = spec.sequences or CONTEXTS.get(spec.backend, 0)
    cache = spec.context_tokens * contexts * TOKEN_KB / 1024
    return int(PROCESS_MB.get(spec.backend, 0) + (0 if on_gpu else on_disk * _factor(spec) + cache))


def _factor(spec: ModelSpec) -> float:
    if spec.backend != "hf":
        return AS_STORED
    wide = spec.dtype in {None, "float32"}  # what is left out is 32 bits on most CPUs, and always for a GGUF file
    if spec.file and spec.file.suffix == ".gguf":
        return UNPACKED_WIDE if wide else UNPACKED
    return WIDENED if wide else AS_STORED


def same_weights(one: tuple[ModelSpec, Files], other: tuple[ModelSpec, Files]) -> bool:
    """Tell whether two models read the same files in the same way, as a model and an adapter on it do.

    Both backends map their files, so the weights are there once for all processes that do, as long as their numbers are
    used as they are stored.
    """
    (mine, files), (theirs, others) = one, other
    alike = all(getattr(mine, name) == getattr(theirs, name) for name in ("backend", "dtype", "device", "gpu_layers"))
    return alike and files == others != ()


def said_mb(size_mb: float) -> Sentence:
    """Return a size as a sentence says it: ``429 MB``, ``5.1 GB``."""
    if size_mb < 1000:  # noqa: PLR2004 (three digits)
        return Sentence("{size:,.0f} MB", size=size_mb)
    return Sentence("{size:,.1f} GB", size=size_mb / 1024)


@dataclass(frozen=True, slots=True, eq=False)
class Tenant:
    """A process that holds memory, equal to itself alone.

    Attributes:
        idle: nobody uses it, so that it may be unloaded.
        leaving: it is being ended, so that its memory is about to come back.
        used_s: when somebody last used it.
    """

    title: str
    memory_mb: int
    idle: bool
    leaving: bool
    used_s: float


def make_room(title: str, need_mb: int, budget: int, tenants: Sequence[Tenant]) -> list[Tenant] | None:
    """Return whom to unload before a model fits, the least recently used first; None where it fits already.

    Raises:
        ModelError: it would not fit if all that is idle were unloaded.
    """
    room = budget - sum(tenant.memory_mb for tenant in tenants)
    if need_mb <= room:
        return None
    room += sum(tenant.memory_mb for tenant in tenants if tenant.leaving)
    idle = sorted((tenant for tenant in tenants if tenant.idle and not tenant.leaving), key=lambda it: it.used_s)
    if need_mb > room + sum(tenant.memory_mb for tenant in idle):
        raise _refusal(title, need_mb, budget, tenants)
    chosen: list[Tenant] = []
    for tenant in idle:
        if need_mb <= room:
            break
        chosen.append(tenant)
        room += tenant.memory_mb
    return chosen


def _refusal(title: str, need_mb: int, budget: int, tenants: Sequence[Tenant]) -> ModelError:
    needs = Sentence(
        "{title} needs about {need}; the budget of all models is {budget}",
        title=title,
        need=said_mb(need_mb),
        budget=said_mb(budget),
    )
    busy = [
        Sentence("{title} ({memory})", title=it.title, memory=said_mb(it.memory_mb))
        for it in tenants
        if it.memory_mb and not (it.idle or it.leaving)
    ]
    if need_mb > budget or not busy:
        hint = (
            "Choose a smaller model, set a smaller context_tokens in models.yaml, or start with a larger --memory-mb."
        )
        return ModelError(Sentence("{needs}.", needs=needs), hint=hint, field="model")
    several = Sentence("{needs}, and {busy} are in use.", needs=needs, busy=busy)
    one = Sentence("{needs}, and {busy} is in use.", needs=needs, busy=busy)
    hint = "Try again when that is done, or choose another model."
    return ModelBusy(several if len(busy) > 1 else one, hint=hint, field="model")
