"""Weights of a model of transformers, checked: nothing is filled with random numbers in silence, no pickle is read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
import transformers
from safetensors import SafetensorError
from transformers import CONFIG_MAPPING, AutoConfig, AutoModelForCausalLM, DynamicCache

from playground.backends.hf.files import MISSING, check_tensors, read_json
from playground.entry import DEVICES
from playground.errors import ModelError, shown
from playground.sentences import Sentence

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from playground.catalog import ModelSpec

LEFT_OVER = Sentence("are left over, as config.json describes fewer layers")
OMNI = ("qwen2_5_omni", "qwen2_5_omni_thinker")
OMNI_AXES = 3  # time, height and width
OWN = ("temperature", "top_k", "top_p", "min_p", "typical_p", "repetition_penalty", "epsilon_cutoff", "eta_cutoff")
NATIVE_BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16")  # the last on ARM
PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")


@dataclass(frozen=True, slots=True)
class Weights:
    """A loaded network and what its folder says of it.

    Attributes:
        prefix: keys and values of a tuned prefix, one row; None without one.
        position_rows: axes of the positions that the model must be told; 0 where it counts by itself.
        longest: tokens that it was made to read, less those of a prefix; 0 where it does not say.
    """

    model: Any
    prefix: DynamicCache | None
    device: str
    dtype: str
    vocab_size: int
    longest: int
    position_rows: int
    eos_ids: frozenset[int]
    own_settings: dict[str, Any]


def load_weights(spec: ModelSpec, folder: Path, config: Any) -> Weights:
    """Load a folder of safetensors that ``config`` describes, with its adapter where one is named.

    Raises:
        ModelError: with the reason.
    """
    device = pick_device(spec)
    generation = (
        read_json(spec.key, folder, "generation_config.json") if (folder / "generation_config.json").exists() else {}
    )
    pickles = [name for name in PICKLED if (folder / name).exists()]
    if pickles and not list(folder.glob("*.safetensors")):
        raise ModelError(
            Sentence(
                "{key} has its weights in {name} only; pickles are not read, as they can run code.",
                key=spec.key,
                name=pickles[0],
            ),
            hint="Convert them to safetensors.",
        )
    omni = config.model_type in OMNI
    model = read_model(spec, folder, config, pick_dtype(spec, config, device), omni=omni).to(device).eval()
    prefix, virtual = None, 0
    if spec.adapter_file:
        from playground.backends.hf.adapter import adapted

        model, prefix = adapted(spec, model)
        virtual = prefix.get_seq_length() if prefix else 0
    text = model.config.get_text_config()
    longest = getattr(text, "max_position_embeddings", 0) or 0
    return Weights(
        model=model,
        prefix=prefix,
        device=device,
        dtype=str(model.dtype).removeprefix("torch."),
        vocab_size=int(model.get_output_embeddings().weight.shape[0]),
        longest=max(0, longest - virtual),
        position_rows=OMNI_AXES if omni else 0,
        eos_ids=ids_of(generation.get("eos_token_id")) | ids_of(getattr(text, "eos_token_id", None)),
        own_settings=own_settings(generation),
    )


def pick_device(spec: ModelSpec) -> str:
    """Return where the model runs: where models.yaml says, else on a GPU where there is one.

    Raises:
        ModelError: models.yaml names a device that this machine lacks.
    """
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if spec.device and not there[spec.device]:
        found = tuple(name for name in DEVICES if there[name])
        raise ModelError(
            Sentence(
                "{key}: device is {device}; this machine has {found}.", key=spec.key, device=spec.device, found=found
            ),
            hint="Change device.",
        )
    return spec.device or next(name for name in reversed(DEVICES) if there[name])


def pick_dtype(spec: ModelSpec, config: Any, device: str) -> torch.dtype:
    """Return the numbers' type: what models.yaml says, else the checkpoint's own.

    A CPU without arithmetic for 16 bits takes 32 and loses nothing: there SmolLM2 reads a prompt at 286 tokens a second
    in float32 and 43 in bfloat16.
    """
    own = config.get_text_config().dtype or config.dtype or torch.float32
    if spec.dtype:
        return cast("torch.dtype", getattr(torch, spec.dtype))
    native = own == torch.bfloat16 and any(torch.cpu.get_capabilities().get(name) for name in NATIVE_BFLOAT16)
    return torch.float32 if device == "cpu" and not native else cast("torch.dtype", own)


def read_config(spec: ModelSpec, folder: Path) -> Any:
    """Read config.json.

    Raises:
        ModelError: it is missing, no JSON, of a kind that this version does not know, or needs its own code to run.
    """
    raw = read_json(spec.key, folder, "config.json")
    known = raw.get("model_type") in CONFIG_MAPPING  # then transformers' own code is run, and not the folder's
    if raw.get("auto_map") and not known and not spec.trust_remote_code:
        raise ModelError(
            Sentence("{key} comes with Python code of its own, which is not run.", key=spec.key),
            hint="Where you trust it, set trust_remote_code and pin the revision in models.yaml.",
        )
    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=spec.trust_remote_code)
    except Exception as error:  # the library raises whatever its parsers raise
        kind = shown(str(raw.get("model_type")))
        raise ModelError(
            Sentence(
                "{key}: config.json (model_type {kind}) is refused: {reason}.",
                key=spec.key,
                kind=kind,
                reason=shown(str(error)),
            )
        ) from error


def read_model(spec: ModelSpec, folder: Path, config: Any, dtype: torch.dtype, *, omni: bool) -> Any:
    """Read the network, every tensor of it.

    Raises:
        ModelError: files are missing, damaged, or hold other tensors than config.json says.
    """
    reader: Any = AutoModelForCausalLM
    if omni:
        reader = transformers.Qwen2_5OmniThinkerForConditionalGeneration
        config = getattr(config, "thinker_config", config)
    try:
        model, found = reader.from_pretrained(
            folder,
            config=config,
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=spec.trust_remote_code,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # so that they are named below
        )
    except SafetensorError as error:
        raise ModelError(
            Sentence("{key}: a file of its weights is damaged: {reason}.", key=spec.key, reason=shown(str(error))),
            hint="Download it again.",
        ) from error
    except Exception as error:  # the library raises whatever its parsers raise
        raise ModelError(
            Sentence(
                "{key} cannot be loaded: {reason}.",
                key=spec.key,
                reason=shown(str(error).strip() or type(error).__name__),
            )
        ) from error
    check_tensors(spec.key, MISSING, sorted(found["missing_keys"]))
    shapes = [f"{name} {tuple(held)} for {tuple(due)}" for name, held, due in sorted(found["mismatched_keys"])]
    check_tensors(spec.key, Sentence("have another shape than config.json says"), shapes)
    check_tensors(spec.key, LEFT_OVER, left_over(model, found["unexpected_keys"]))
    if omni:
        model.audio_tower = model.visual = None  # the page has neither sound nor pictures
    return model


def left_over(model: Any, unexpected: Collection[str]) -> list[str]:
    """Return those tensors that the model has too, but for their numbers: of layers that it should have.

    Others belong to what the page does not use (a talker, a head for training), and are no fault.
    """
    ours = {re.sub(r"\d+", "0", name) for name in model.state_dict()}
    return sorted(name for name in unexpected if re.sub(r"\d+", "0", name) in ours)


def ids_of(value: object) -> frozenset[int]:
    """Return a token id or a list of them as a set."""
    return frozenset(item for item in (value if isinstance(value, list) else [value]) if isinstance(item, int))


def own_settings(generation: dict[str, Any]) -> dict[str, Any]:
    """Return what the makers set for sampling, in the flat form; without ``do_sample`` they meant greedy decoding."""
    found = {key: generation[key] for key in OWN if generation.get(key) is not None}
    if generation and not generation.get("do_sample"):
        found = {"temperature": 0} | {key: value for key, value in found.items() if key == "repetition_penalty"}
        return found if "repetition_penalty" in found else {}
    return found | {"order": "transformers"} if found else {}
