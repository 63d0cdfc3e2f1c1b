"""GGUF files for transformers, converted once into a folder of safetensors that loads in a tenth of the time.

- A folder is named after the file's sha256 and the numbers' type; it appears whole or not at all.
- What was used least recently goes when all folders together take more than ``PLAYGROUND_CACHE_GB`` (20 by default).
- What a conversion that was killed left behind goes an hour later, when the next one begins.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, modeling_gguf_pytorch_utils
from transformers.utils.quantization_config import GgufConfig

from playground.backends.hf.files import MISSING, check_tensors
from playground.errors import ModelError, shown
from playground.sentences import Sentence
from playground.sources import sha256_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from playground.backends.base import Report
    from playground.catalog import ModelSpec

DEFAULT_DTYPE = "float32"  # holds what the file says to the last bit
GROWTH = {"bfloat16": 4.5, "float16": 4.5, "float32": 9.0}  # a four-bit file, unpacked; others grow less
LIMIT_GB = 20.0
GB = 10**9
USED = ".used"  # its time of change says when a folder was used last
PART = "part-"  # how the name of a folder begins that is not whole yet
PART_S = 3600.0  # so old a part is, its conversion has ended


def converted(spec: ModelSpec, report: Report) -> Path:
    """Return the folder made from a GGUF file, making it where there is none.

    Raises:
        ModelError: there is no room for it, or transformers cannot read the file.
    """
    if spec.file is None:
        raise ModelError(Sentence("{key} names no file.", key=spec.key), hint="Give it a source in models.yaml.")
    dtype = spec.dtype or DEFAULT_DTYPE
    home = cache_folder()
    try:
        home.mkdir(parents=True, exist_ok=True)
        folder = home / f"{digest(spec.file, home, report)}-{dtype}"
        if not folder.is_dir():
            make_room(spec, home, dtype)
            convert(spec, spec.file, folder, report)
        (folder / USED).touch()
    except OSError as error:
        if error.errno is None:
            raise
        raise ModelError(
            Sentence("{key} cannot be converted: {reason}.", key=spec.key, reason=error.strerror),
            hint="See to its folder.",
        ) from error
    return folder


def cache_folder() -> Path:
    """Return where converted models are kept: ``$PLAYGROUND_CACHE``, or the platform's folder for such things."""
    if given := os.environ.get("PLAYGROUND_CACHE"):
        return Path(given)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "sampling-playground" / "converted"


def digest(file: Path, home: Path, report: Report) -> str:
    """Return the sha256 of a file; of one that has not changed since, without reading it again."""
    status = file.stat()
    seen = f"{file.resolve()}|{status.st_size}|{status.st_mtime_ns}"
    note = home / f"{hashlib.sha256(seen.encode()).hexdigest()[:32]}.sha256"
    if note.is_file():
        return note.read_text(encoding="ascii")
    report("hashing", None)
    found = sha256_of(file)
    part = note.with_suffix(f".{os.getpid()}")
    part.write_text(found, encoding="ascii")
    part.replace(note)
    return found


def make_room(spec: ModelSpec, home: Path, dtype: str) -> None:
    """Remove what was used least recently, and see that the disk has room.

    Raises:
        ModelError: with both numbers.
    """
    assert spec.file is not None  # noqa: S101 (the caller looked)
    for part in home.glob(f"{PART}*"):
        if time.time() - part.stat().st_mtime > PART_S:
            shutil.rmtree(part, ignore_errors=True)
    needed = spec.file.stat().st_size * GROWTH.get(dtype, GROWTH["float32"])
    limit = limit_bytes()
    whole = [used for used in home.glob(f"*/{USED}") if not used.parent.name.startswith(PART)]
    folders = sorted((used.stat().st_mtime, used.parent) for used in whole)
    held = sum(weight(folder) for _, folder in folders)
    for _, folder in folders:
        if held + needed <= limit:
            break
        held -= weight(folder)
        shutil.rmtree(folder)
    free = shutil.disk_usage(home).free
    if needed > min(free, limit):
        need = Sentence("{key} needs about {needed:.1f} GB to be converted", key=spec.key, needed=needed / GB)
        raise ModelError(
            Sentence("{need}; {free:.1f} GB are free.", need=need, free=free / GB)
            if free < limit
            else Sentence("{need}; {limit:.1f} GB PLAYGROUND_CACHE_GB allows.", need=need, limit=limit / GB),
            hint="Free some, set PLAYGROUND_CACHE to another disk, or use the backend llamacpp.",
        )


def weight(folder: Path) -> int:
    """Return the bytes of a folder's files."""
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())


def limit_bytes() -> float:
    """Return what all converted models together may take: ``$PLAYGROUND_CACHE_GB``, or 20.

    Raises:
        ModelError: it is no number above 0.
    """
    given = os.environ.get("PLAYGROUND_CACHE_GB", "") or str(LIMIT_GB)
    try:
        limit = float(given)
    except ValueError:
        limit = math.nan
    if not limit > 0:
        raise ModelError(
            Sentence("PLAYGROUND_CACHE_GB is {value}; it must be a number above 0.", value=shown(given)),
            hint="Set it, or unset it for 20.",
        )
    return limit * GB


@contextmanager
def counted(report: Report) -> Iterator[None]:
    """Report each tensor that transformers unpacks meanwhile; it counts them for a bar on the terminal."""

    def bar(tensors: Iterable[object], **_: object) -> Iterator[object]:
        known = list(tensors)
        for number, tensor in enumerate(known):
            report("converting", number / len(known))
            yield tensor

    drawn = modeling_gguf_pytorch_utils.tqdm
    modeling_gguf_pytorch_utils.tqdm = bar
    try:
        yield
    finally:
        modeling_gguf_pytorch_utils.tqdm = drawn


def convert(spec: ModelSpec, file: Path, folder: Path, report: Report) -> None:
    """Write a folder of safetensors; it takes its name when it is whole, and a half of one is removed.

    Raises:
        ModelError: transformers cannot read the file.
    """
    report("converting", None)
    part = Path(tempfile.mkdtemp(prefix=PART, dir=folder.parent))
    try:
        try:
            tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name, local_files_only=True)
            with counted(report):
                model, found = AutoModelForCausalLM.from_pretrained(
                    file.parent,
                    gguf_file=file.name,
                    dtype=getattr(torch, spec.dtype or DEFAULT_DTYPE),
                    quantization_config=GgufConfig(dequantize=True),
                    local_files_only=True,
                    output_loading_info=True,
                )
        except Exception as error:  # the library raises whatever its parsers raise
            raise ModelError(
                Sentence(
                    "{key}: transformers cannot read this GGUF file: {reason}.", key=spec.key, reason=shown(str(error))
                )
            ) from error
        check_tensors(spec.key, MISSING, sorted(found["missing_keys"]))
        report("writing", None)
        model.save_pretrained(part)
        tokenizer.save_pretrained(part)
        (part / USED).write_text(json.dumps({"source": file.name}), encoding="utf-8")
        for written in part.iterdir():
            with written.open("rb") as stream:
                os.fsync(stream.fileno())
        try:
            part.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster, and its folder holds the same
                raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
