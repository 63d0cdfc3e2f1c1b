"""Adapters of PEFT on a loaded model: LoRA beside the weights, which stay as they are, and tuned prefixes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from playground.errors import ModelError, shown

if TYPE_CHECKING:
    from pathlib import Path

    from transformers import DynamicCache

    from playground.catalog import ModelSpec

WEIGHTS = "adapter_model.safetensors"
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
    kind = read_kind(spec, folder)
    if not (folder / WEIGHTS).is_file():
        pickled = (folder / "adapter_model.bin").exists()
        lack = "has its weights in a pickle, which is not read" if pickled else f"has no {WEIGHTS}"
        raise ModelError(f"The adapter of {spec.key} {lack}.", hint="Save it with safetensors.")
    if kind in TUNED_INPUTS:
        raise ModelError(
            f"The adapter of {spec.key} is of the kind {kind}, which tunes inputs.", hint="LoRA and prefix tuning work."
        )
    try:
        found = PeftModel.from_pretrained(model, folder, is_trainable=False, use_safetensors=True).eval()
    except Exception as error:  # the library raises whatever its parsers raise
        raise ModelError(
            f"The adapter of {spec.key} does not fit the model: {shown(str(error).strip())}.",
            hint="It must have been made for this very model.",
        ) from error
    if kind != "PREFIX_TUNING":
        return found.get_base_model(), None
    prefix: DynamicCache = found.get_prompt(batch_size=1)
    return found.get_base_model(), prefix


def read_kind(spec: ModelSpec, folder: Path) -> str:
    """Return what kind of adapter a folder holds, as PEFT names it.

    Raises:
        ModelError: adapter_config.json is missing or no JSON.
    """
    try:
        return str(json.loads((folder / "adapter_config.json").read_text(encoding="utf-8")).get("peft_type"))
    except OSError as error:
        raise ModelError(f"The adapter of {spec.key} has no adapter_config.json: {error.strerror}.") from error
    except (ValueError, AttributeError) as error:
        raise ModelError(f"The adapter of {spec.key}: adapter_config.json is no JSON: {shown(str(error))}.") from error
