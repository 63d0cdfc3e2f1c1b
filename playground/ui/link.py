"""What the page shows as one JSON value, as a link holds it and as a browser keeps it, and what of it holds here.

- A link ends in ``#explore/STATE``, base64url of UTF-8 JSON without padding; ``#models`` is the models view.
- Every part is checked as a run checks it. A part that is refused starts as on a new page, with a sentence; of the
  chain only the samplers that are refused are left out.
- ``token`` selects nothing by itself: it is the place to select once a text was written with these settings.
"""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from playground.errors import PlaygroundError, RunNotFound, SettingError, shown
from playground.sentences import Sentence, in_all_words, in_words
from playground.settings import MAX_NEW_TOKENS
from playground.tokens import check_characters
from playground.ui.boxes import read_boxes, read_history
from playground.ui.controls import read_object, read_settings, start_value, whole
from playground.ui.examples import EXAMPLES
from playground.ui.explore import LOOK_LENGTH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playground.catalog import Catalog
    from playground.records import SamplingParams
    from playground.ui.explore import Explorer

VERSION = 1
VIEWS = ("distribution", "waterfall")
COLORS = ("surprisal", "probability", "entropy", "none")
MAX_LINK_CHARS = 32_768  # what mail programs and chats still pass on whole
MAX_STATE_BYTES = 2**20  # a browser may keep a longer prompt than a link
MAX_REFUSED = 8  # so many samplers of one chain are named; a worse chain is none
KEYS = Sentence("Its keys are link or state, and run.")


def start_state(catalog: Catalog, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return what a new page shows."""
    return {
        "v": VERSION,
        "model": catalog.default.key,
        "mode": "completion",
        "system": "",
        "history": [],
        "prompt": texts["prompt_default"],
        "chain": json.loads(start_value()),
        "seed": 42,
        "max_new_tokens": 64,
        "view": VIEWS[0],
        "color": COLORS[0],
        "token": None,
    }


def examples(texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the example prompts with their titles."""
    return [asdict(example) | {"title": texts[f"example_{example.key}"]} for example in EXAMPLES]


def opened(explorer: Explorer, body: bytes) -> dict[str, Any]:
    """Answer what a link, or what a browser kept, holds of a page's state.

    The body has ``link``, as an address holds it, or ``state``; and ``run`` where one is to be shown again. The answer
    has ``state``, null where nothing can be read; ``problems`` and ``field``, what was refused; ``run`` if it is still
    kept; ``link``, "" where it would be too long; and ``settings``, a text to copy.

    Raises:
        SettingError: the body is too large, or no JSON object.
    """
    flat = read_object(body, KEYS, most=MAX_STATE_BYTES)
    try:
        given = read_link(flat["link"]) if "link" in flat else readable(flat.get("state"))
    except SettingError as error:
        return {
            "state": None,
            "problems": in_words(error.said, explorer.texts),
            "field": "",
            "run": "",
            "link": "",
            "settings": "",
        }
    state, problems = checked(explorer.pool.catalog, given, explorer.texts)
    return {
        "state": state,
        "problems": in_all_words([error.said for error in problems], explorer.texts),
        "field": problems[0].field if problems else "",
        "run": kept(explorer, flat.get("run")),
        "link": to_link(state),
        "settings": to_text(state),
    }


def kept(explorer: Explorer, run: object) -> str:
    """Return the id of a run that can be shown again, else ""."""
    with suppress(RunNotFound):
        return explorer.store.get(run).run_id if isinstance(run, str) else ""
    return ""


def read_link(text: object) -> dict[str, Any]:
    """Return what a link holds, unchecked.

    Raises:
        SettingError: it is too long, or no base64url of a JSON object with a version that is known.
    """
    if isinstance(text, str) and len(text) > MAX_LINK_CHARS:
        raise SettingError(
            Sentence("The link is longer than {most:,} characters, the most that is read.", most=MAX_LINK_CHARS)
        )
    try:
        padded = f"{text}{'=' * (-len(str(text)) % 4)}"
        flat = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True).decode())
    except (ValueError, RecursionError):
        flat = None
    if not isinstance(flat, dict):
        raise SettingError("The link holds no settings.", hint="A part of it may be missing: copy all of it.")
    return readable(flat)


def readable(flat: object) -> dict[str, Any]:
    """Return a state that is an object of this version.

    Raises:
        SettingError: it is none.
    """
    if not isinstance(flat, dict):
        raise SettingError(Sentence("The state is {value}; it must be an object.", value=shown(flat)))
    if flat.get("v") != VERSION:
        version = shown(flat.get("v"))
        raise SettingError(
            Sentence(
                "The settings are of version {version}; this page reads version {ours}.", version=version, ours=VERSION
            )
        )
    return flat


def to_link(state: Mapping[str, Any]) -> str:
    """Return what ``read_link`` reads, "" where it would be too long."""
    packed = json.dumps(state, ensure_ascii=False, separators=(",", ":")).encode()
    text = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return text if len(text) <= MAX_LINK_CHARS else ""


def to_text(state: Mapping[str, Any]) -> str:
    """Return prompt and settings as JSON for people; its settings are what ``SamplingParams.from_dict`` reads."""
    params = read_settings(state["chain"], state["seed"], state["max_new_tokens"])
    chat = ("system", "history") if state["mode"] == "chat" else ()
    named = {name: state[name] for name in ("model", "mode", *chat, "prompt")}
    return json.dumps(named | {"settings": params.to_dict()}, ensure_ascii=False, indent=2)


def no_settings(strange: Sequence[str]) -> SettingError:
    """Return the refusal of names that belong to no setting."""
    names = [Sentence("“{text}”", text=shown(name)) for name in strange[:3]]
    return SettingError(Sentence("There is no setting {names}.", names=names))


def checked(
    catalog: Catalog, given: Mapping[str, Any], texts: Mapping[str, str]
) -> tuple[dict[str, Any], list[PlaygroundError]]:
    """Return the state with every given part that holds, and why the others do not."""
    state = start_state(catalog, texts)
    problems: list[PlaygroundError] = []
    if strange := [name for name in given if name not in state]:
        problems.append(no_settings(strange))
    for name, read in READERS.items():
        try:
            state[name] = read(catalog, state, given.get(name, state[name]))
        except PlaygroundError as error:
            problems.append(error)
    if "chain" in given:
        state["chain"], refused = read_chain(given["chain"], state["chain"])
        problems += refused
    return state, problems


def read_chain(given: object, start: Mapping[str, Any]) -> tuple[Mapping[str, Any], list[PlaygroundError]]:
    """Return a chain without what is refused in it, and why; ``start`` where too much is."""
    chain = dict(given) if isinstance(given, dict) else given
    refused: list[PlaygroundError] = []
    while len(refused) < MAX_REFUSED:
        try:
            return flat_chain(read_settings(chain, "", LOOK_LENGTH)), refused
        except SettingError as error:
            refused.append(error)
            key = error.field.split(".")[0]
            if not isinstance(chain, dict) or key not in chain:
                break
            del chain[key]
    return start, refused


def flat_chain(params: SamplingParams) -> dict[str, Any]:
    """Return the settings that the page's chain holds: the samplers, their order and the stop texts."""
    flat = params.to_dict()
    chain = {"order": flat["order"]} | {sampler.key: flat[sampler.key] for sampler in params.samplers}
    return chain | ({"stop": flat["stop"]} if params.stop else {})


def _model(catalog: Catalog, _: Mapping[str, Any], value: object) -> object:
    read_boxes(catalog, value, "completion", "", "")
    return value


def _mode(catalog: Catalog, state: Mapping[str, Any], value: object) -> object:
    read_boxes(catalog, state["model"], value, "", "")
    return value


def _text(catalog: Catalog, state: Mapping[str, Any], value: object) -> str:
    text = read_boxes(catalog, state["model"], "completion", "", value).text
    check_characters(text)
    return text


def _history(_: Catalog, __: Mapping[str, Any], value: object) -> list[dict[str, str]]:
    return [{"role": role, "content": content} for role, content in read_history(value)]


def _seed(_: Catalog, __: Mapping[str, Any], value: object) -> int | None:
    return read_settings({}, value, LOOK_LENGTH).seed


def _length(_: Catalog, __: Mapping[str, Any], value: object) -> int:
    return read_settings({}, "", value).max_new_tokens


def _view(_: Catalog, __: Mapping[str, Any], value: object) -> object:
    if value not in VIEWS:
        raise SettingError(Sentence("View is {value}; it must be one of {names}.", value=shown(value), names=VIEWS))
    return value


def _color(_: Catalog, __: Mapping[str, Any], value: object) -> object:
    if value not in COLORS:
        raise SettingError(Sentence("Color is {value}; it must be one of {names}.", value=shown(value), names=COLORS))
    return value


def _token(_: Catalog, __: Mapping[str, Any], value: object) -> int | None:
    return None if value is None else whole("token", value, MAX_NEW_TOKENS)


READERS = {
    "model": _model,
    "mode": _mode,
    "system": _text,
    "history": _history,
    "prompt": _text,
    "seed": _seed,
    "max_new_tokens": _length,
    "view": _view,
    "color": _color,
    "token": _token,
}
