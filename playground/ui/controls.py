"""Settings on the page: declarations for the chain component, what the controls sent, and one line of text.

Every slider, range and help text comes from a Knob.
"""

from __future__ import annotations

import inspect
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from playground.errors import SettingError, shown
from playground.presets import PRESETS, START
from playground.records import SamplingParams
from playground.samplers import ORDERS, all_samplers, in_order
from playground.samplers.base import Knob
from playground.sentences import Sentence, in_words
from playground.tokens import visible
from playground.views.base import worded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.presets import Preset
    from playground.samplers.base import Sampler
    from playground.ui.wording import Language, Wording

MAX_BODY_BYTES = 64 * 1024
MAX_SESSION_CHARS = 64
WHOLE = {"draws": Sentence("Draws"), "columns": Sentence("Columns"), "token": Sentence("Token")}
BASICS = ("repetition_penalty", "temperature", "top_k", "top_p", "min_p")  # cards that are always there


def chain_spec(language: Language | None = None) -> str:
    """Return the declarations of all samplers, the orders and the presets as JSON, for ``chain.js``.

    What a language says of them stands in for the English of the declarations.
    """
    samplers, presets = (language.samplers, language.presets) if language else ({}, {})
    words = language.spoken if language else {}
    kinds = all_samplers()
    return to_json({
        "samplers": [_declared(kind, samplers.get(key), words) for key, kind in kinds.items()],
        "basics": BASICS,
        "orders": {name: in_order(tuple(kinds), keys) for name, keys in ORDERS.items()},
        "presets": [_named(preset, presets.get(preset.key)) for preset in PRESETS],
        "start": START.key,
    })  # fmt: skip


def _named(preset: Preset, said: tuple[str, str] | None) -> dict[str, Any]:
    title, origin = said or (preset.title, preset.origin)
    return asdict(preset) | {"title": title, "origin": origin}


def _declared(kind: type[Sampler], said: Wording | None, words: Mapping[str, str]) -> dict[str, Any]:
    return {
        "key": kind.key,
        "label": said.label if said else kind.label,
        "help": said.help if said else help_paragraphs(kind),
        "active": [name for name in kind.knobs() if acts(kind, name)],
        "knobs": [
            {
                "name": name,
                "label": said.knobs[name] if said else spec.label,
                "kind": spec.kind.__name__.lower(),
                "min": spec.slider_start,
                "max": spec.slider_maximum,
                "step": spec.step,
                "neutral": spec.neutral,
                "usual": spec.usual,
                "range": in_words(spec.range_text, words),
                "off": said.off.get(name, "") if said else spec.off,
            }
            for name, spec in kind.knobs().items()
        ],
    }


def acts(kind: type[Sampler], name: str) -> bool:
    """Tell whether this knob alone can make a sampler act; the others only say how it does."""
    spec = kind.knobs()[name]
    tried = (spec.usual, spec.kind(spec.minimum)) if isinstance(spec, Knob) else (spec.usual,)
    return any(not kind(**{name: value}).is_neutral for value in tried if value != spec.neutral)


def help_paragraphs(kind: type[Sampler]) -> list[str]:
    """Return a sampler's class docstring without its example, a string per paragraph."""
    text = (inspect.getdoc(kind) or "").split(">>>")[0].replace("``", "").strip()
    return [" ".join(paragraph.split()) for paragraph in text.split("\n\n")]


def start_value() -> str:
    """Return the settings that a new page begins with."""
    return to_json({"order": "transformers"} | dict(START.settings))


def read_settings(chain: object, seed: object, max_new_tokens: object) -> SamplingParams:
    """Read what the controls, or somebody's own program, sent.

    Raises:
        SettingError: a value is of the wrong type, outside its range or unknown.
    """
    flat = chain
    if isinstance(chain, str):
        try:
            flat = json.loads(chain)
        except (ValueError, RecursionError) as error:
            raise _no_chain(chain) from error
    if not isinstance(flat, dict):
        raise _no_chain(flat)
    for name in ("seed", "max_new_tokens"):
        if name in flat:
            said = Sentence("The chain holds {name}, which has a box of its own.", name=name)
            raise SettingError(said, hint="Leave it out.", field=name)
    return SamplingParams.from_dict(flat | {"seed": read_seed(seed), "max_new_tokens": max_new_tokens})


def _no_chain(value: object) -> SettingError:
    said = Sentence("The chain is {value}; it must be a JSON object.", value=shown(value))
    return SettingError(said, field="chain")


def read_seed(seed: object) -> object:
    """Return a seed box's digits as a number, an empty box as None, anything else as it is, for the check to refuse."""
    return None if (read := read_whole(seed)) == "" else read


def read_whole(value: object) -> object:
    """Return a text of digits as a whole number; anything else as it is, for a check to refuse."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    return int(text) if text.removeprefix("-").isdecimal() and len(text) < 16 else text  # noqa: PLR2004


def whole(name: str, value: object, most: int) -> int:
    """Return a whole number from 0 to ``most``; ``name`` is one of ``WHOLE``.

    Raises:
        SettingError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise SettingError(
            Sentence(
                "{name} is {value}; it must be a whole number in [0, {most:,}].",
                name=WHOLE[name],
                value=shown(value),
                most=most,
            )
        )
    return value


def read_object(body: bytes, keys: Sentence, *, most: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """Read the JSON object in the body of a request, of ``most`` bytes; ``keys`` says what belongs into it.

    Raises:
        SettingError: it is too large, or no JSON object.
    """
    if len(body) > most:
        long = Sentence("The request has more than {most:,} bytes.", most=most)
        raise SettingError(long, hint="Shorten the prompt, the system prompt or the chat.")
    try:
        flat = json.loads(body)
    except (ValueError, RecursionError):
        flat = None
    if not isinstance(flat, dict):
        said = Sentence("The request is no JSON object.")
        raise SettingError(said, hint=keys)
    return flat


def read_session(value: object) -> str:
    """Return what a page says of whose work it is: any text of its own, so that visitors take turns."""
    return value[:MAX_SESSION_CHARS] if isinstance(value, str) else ""


def to_json(value: object) -> str:
    """Return JSON for a component of ours; ``<`` is an escape, or gradio warns of script tags in a model's text."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")


def settings_line(model: str, params: SamplingParams, texts: Mapping[str, str]) -> str:
    """Return model and settings in one line, in the order in which they act: no screenshot goes without them."""
    parts = [worded(sampler.summary, texts) for sampler in params.chain if not sampler.is_neutral]
    order = params.order if isinstance(params.order, str) else texts["order_own"]
    quoted = ", ".join(texts["quoted"].format(text=visible(text.encode())) for text in params.stop)
    stops = [texts["stops_at"].format(texts=quoted)] if quoted else []
    return " · ".join([model, *(parts or [texts["neutral"]]), f"{texts['order'].lower()} {order}", *stops])
