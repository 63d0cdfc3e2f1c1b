"""One entry of models.yaml: its keys, what each of them takes, and the record that a backend is given."""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from playground.sentences import Sentence

if TYPE_CHECKING:
    from collections.abc import Mapping

DTYPES, DEVICES = ("float32", "bfloat16", "float16"), ("cpu", "cuda", "mps")
PATHS = ("file", "adapter_file")
BACKENDS = ("llamacpp", "hf", "toy")  # what `backend:` takes; one can run if it is in the folder below
# What a page must not show: control characters, changes of the writing direction, half characters, U+FFFD.
HIDDEN = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffd"
Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Kind: TypeAlias = "Mapping[str, Any]"  # "fits" tells whether a value is of this kind; "allowed" ends "it must be …"


def text_of(limit: int, hidden: str = r"\t\n" + HIDDEN) -> Kind:
    """Return the kind of a text."""
    allowed = Sentence(
        "text of 1 to {most} characters, without control characters; quote what looks like a number", most=limit
    )
    fits = re.compile(rf"(?!\s*\Z)[^{hidden}]{{1,{limit}}}")
    return {"allowed": allowed, "fits": lambda it: isinstance(it, str) and fits.fullmatch(it)}


def whole_in(span: range) -> Kind:
    """Return the kind of a whole number."""
    low, high = span[0], span[-1]
    any_of_them = Sentence("a whole number in [{low}, {high}]", low=low, high=high)
    multiple = Sentence("{number} and a multiple of {step}", number=any_of_them, step=span.step)
    allowed = multiple if span.step > 1 else any_of_them
    return {"allowed": allowed, "fits": lambda it: type(it) is int and it in span, "span": span}


FLAG: Kind = {"allowed": Sentence("true or false"), "fits": lambda it: isinstance(it, bool)}
BACKEND: Kind = {"allowed": Sentence("one of {names}", names=BACKENDS), "fits": lambda it: it in BACKENDS}
DTYPE: Kind = {"allowed": Sentence("one of {names}", names=DTYPES), "fits": lambda it: it in DTYPES}
DEVICE: Kind = {"allowed": Sentence("one of {names}", names=DEVICES), "fits": lambda it: it in DEVICES}
HASH: Kind = {
    "allowed": Sentence("64 lowercase hex digits"),
    "fits": lambda it: re.fullmatch(r'"[\da-f]{64}"', json.dumps(it)),
}
PRESETS: Kind = {
    "allowed": Sentence("a mapping of names to settings, without control characters"),
    "fits": lambda it: re.fullmatch(rf"{{[^{HIDDEN}]*}}", json.dumps(it, ensure_ascii=False)),
}


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One entry of models.yaml, ready for its backend unless it has a ``problem``.

    Attributes:
        key: the id in models.yaml; escaped and clipped where it holds what a page must not show.
        title: its name on the page; the id where it is left out.
        backend: what runs it: llama.cpp a GGUF file, transformers safetensors or GGUF, the toy a table of words.
        source: where its weights are: ``package:``, ``path:`` or ``hub:``; a toy needs none.
        context_tokens: how much it reads at most, prompt and new text together, in the steps that llama.cpp takes.
        chat: whether it has a chat template to be used.
        licence: of the weights, shown with the model.
        sha256: of its file; another file is refused.
        adapter: a folder with a PEFT adapter (LoRA or a tuned prefix), in the same three forms; only for hf.
        dtype: the type of its numbers; left out, the checkpoint's own, or 32 bits where the
            CPU is slow with 16, and for GGUF; only for hf.
        device: where it runs; left out, on a GPU where there is one; only for hf.
        gpu_layers: how many of its layers go to a GPU, -1 for all; only for llamacpp.
        sequences: how many texts it holds at once, one of them for looks, each with room for context_tokens; left out,
            5; only for llamacpp, since the others take that room as they need it.
        flash_attention: without it a CPU can be faster at long contexts, but what is read again, after it was written,
            differs in its last digits; only for llamacpp.
        threads: cores that it uses; left out, all but one, since the browser needs one too.
        trust_remote_code: whether Python code that comes with it may run; needs a commit as revision; only for hf.
        presets: settings to choose on the page when this model runs: ``{careful: {temperature: 0.3, top_k: 40}}``.
        notes: what else is worth knowing, such as the size of its download.
        file, adapter_file: the local file or folder behind the source, and the folder behind the adapter.
        problem: why it cannot run here, each sentence with its line; "" where it can.
        absent: sources of the hub that are not in its cache; with no other problem they can be fetched.
    """

    key: str
    title: str = field(metadata=text_of(120))
    backend: str = field(metadata=BACKEND)  # "" where the entry names none of them
    source: str = field(default="", metadata=text_of(1000))
    context_tokens: int = field(default=2048, metadata=whole_in(range(256, 1_048_577, 256)))
    chat: bool = field(default=False, metadata=FLAG)
    licence: str = field(default="", metadata=text_of(120))
    sha256: str | None = field(default=None, metadata=HASH)
    adapter: str | None = field(default=None, metadata=text_of(1000))
    dtype: str | None = field(default=None, metadata=DTYPE)
    device: str | None = field(default=None, metadata=DEVICE)
    gpu_layers: int = field(default=0, metadata=whole_in(range(-1, 1001)))
    sequences: int | None = field(default=None, metadata=whole_in(range(2, 33)))
    flash_attention: bool = field(default=True, metadata=FLAG)
    threads: int | None = field(default=None, metadata=whole_in(range(1, 513)))
    trust_remote_code: bool = field(default=False, metadata=FLAG)
    presets: Mapping[str, Json] = field(default_factory=dict, hash=False, metadata=PRESETS)  # as written
    notes: str = field(default="", metadata=text_of(4000, HIDDEN))
    file: Path | None = None
    adapter_file: Path | None = None
    problem: str = ""
    absent: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, for the worker's process."""
        return asdict(self) | {name: getattr(self, name) and str(getattr(self, name)) for name in PATHS}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelSpec:
        """Return the spec that ``to_dict`` wrote."""
        paths = {name: values[name] and Path(values[name]) for name in PATHS}
        return cls(**{**values, **paths, "absent": tuple(values["absent"])})


# Keys that only some backends act on; another must not ignore them in silence.
ONLY = {
    "adapter": ("hf",),
    "dtype": ("hf",),
    "device": ("hf",),
    "trust_remote_code": ("hf",),
    "gpu_layers": ("llamacpp",),
    "sequences": ("llamacpp",),
    "flash_attention": ("llamacpp",),
    "threads": ("hf", "llamacpp"),
}
KINDS = {option.name: option.metadata for option in fields(ModelSpec) if option.metadata}  # the keys of an entry
UNSET = {option.name: option.default for option in fields(ModelSpec)}


def adjustable(backend: str) -> tuple[str, ...]:
    """Return the keys of which another value can be given when a model is loaded."""
    own = (name for name in ("sequences", "threads", "gpu_layers", "dtype", "device") if backend in ONLY[name])
    return ("context_tokens", *own)


# Tokens of a prompt per call of a model, on which the last digits of its logits depend: a copied script needs them too.
LLAMACPP_CHUNK = 48  # up to 63, reading gives the same logits as writing did, bit for bit (Q4_1)
HF_CHUNK, HF_CHUNK_GPU = 64, 512  # other runs wait for as long as one takes
HF_CHUNK_SMALL, HF_SMALL = 256, 500_000_000  # parameters up to which a CPU takes more: SmolLM2 reads a third faster


def default_threads() -> int:
    """Return all cores but one: a model's threads wait for each other by spinning, and a browser needs a core too."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1)
