"""Adapters of PEFT on a loaded model: LoRA beside the weights, which stay as they are, and tuned prefixes."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import torch
from safetensors import safe_open

from playground.backends.hf.files import MISSING, check_tensors, read_json
from playground.errors import ModelError, shown
from playground.sentences import Sentence

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import DynamicCache

    from playground.catalog import ModelSpec

WEIGHTS = "adapter_model.safetensors"
ANOTHER = Sentence("It must have been made for this very model.")
TUNED_INPUTS = ("PROMPT_TUNING", "P_TUNING", "MULTITASK_PROMPT_TUNING", "CPT")


def adapted(spec: ModelSpec, model: Any) -> tuple[Any, DynamicCache | None]:
    """Put the adapter of a spec on a model; return it, and the keys and values of a tuned prefix, one row.

    A prefix is what every sequence begins with, so the model itself runs as it is.

    Raises:
        ModelError: the adapter is missing something, is a pickle, or is another model's.
    """
    from peft import PeftModel

    folder = spec.adapter_file
    if folder is None:
        return model, None
    whose = Sentence("The adapter of {key}", key=spec.key)
    kind = str(read_json(whose, folder, "adapter_config.json").get("peft_type"))
    if not (folder / WEIGHTS).is_file():
        pickled = (folder / "adapter_model.bin").exists()
        pickle = Sentence("{whose} has its weights in a pickle, which is not read.", whose=whose)
        absent = Sentence("{whose} has no {name}.", whose=whose, name=WEIGHTS)
        raise ModelError(pickle if pickled else absent, hint="Save it with safetensors.")
    if kind in TUNED_INPUTS:
        raise ModelError(
            Sentence("{whose} is of the kind {kind}, which tunes inputs.", whose=whose, kind=kind),
            hint="LoRA and prefix tuning work.",
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that tensors are missing; they are looked at below
            found = PeftModel.from_pretrained(model, folder, is_trainable=False, use_safetensors=True).eval()
    except Exception as error:  # the library raises whatever its parsers raise
        raise ModelError(
            Sentence("{whose} does not fit the model: {reason}.", whose=whose, reason=shown(str(error).strip())),
            hint=ANOTHER,
        ) from error
    check_names(whose, folder, found)
    if kind != "PREFIX_TUNING":
        return found.get_base_model(), None
    prefix: DynamicCache = found.get_prompt(batch_size=1)
    check_prefix(whose, found.get_base_model(), prefix)
    return found.get_base_model(), prefix


def check_names(whose: Sentence, folder: Path, found: Any) -> None:
    """Refuse an adapter of which PEFT used a part and left the rest random or unread, which it only warns of.

    Raises:
        ModelError: naming the first few tensors.
    """
    from peft import get_peft_model_state_dict

    with safe_open(folder / WEIGHTS, framework="pt") as file:
        held = set(file.keys())
    due = set(get_peft_model_state_dict(found, save_embedding_layers=False))
    check_tensors(whose, MISSING, sorted(due - held), hint=ANOTHER)
    too_many = held - due - set(found.state_dict())  # embeddings may stand beside it under their own names
    check_tensors(whose, Sentence("belong to layers that the model lacks"), sorted(too_many), hint=ANOTHER)


def check_prefix(whose: Sentence, model: Any, prefix: DynamicCache) -> None:
    """Refuse a prefix of other layers or heads than the model's, by what it keeps of one token.

    Raises:
        ModelError: with both shapes.
    """
    with torch.inference_mode():
        kept = model(input_ids=torch.zeros((1, 1), dtype=torch.int64, device=model.device), use_cache=True)
    ours, theirs = (
        [(layer.keys.shape[1], layer.keys.shape[3]) for layer in cache.layers]  # heads, width
        for cache in (kept.past_key_values, prefix)
    )
    if ours != theirs:
        its, the_models = (
            Sentence(
                "{layers} layers of {heads} heads, each {width} wide",
                layers=len(shapes),
                heads=shapes[0][0],
                width=shapes[0][1],
            )
            for shapes in (theirs, ours)
        )
        said = Sentence("{whose} has {its}; the model has {the_models}.", whose=whose, its=its, the_models=the_models)
        raise ModelError(said, hint=ANOTHER)
