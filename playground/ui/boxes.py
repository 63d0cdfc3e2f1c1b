"""The prompt's boxes: what they ask for, and what they hold to go on with a text by hand."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from playground.errors import SettingError, shown
from playground.records import Prompt
from playground.sentences import Sentence
from playground.tokens import check_characters

if TYPE_CHECKING:
    from collections.abc import Iterable

    from playground.catalog import Catalog
    from playground.store import LiveRun

ROLES = ("user", "assistant")
MAX_TURNS = 200


def read_boxes(
    catalog: Catalog, model: object, mode: object, system: object, text: object, history: object = "[]"
) -> Prompt:
    """Return the prompt that the boxes describe; ``history`` is JSON, or a list, of turns with role and content.

    Raises:
        SettingError: the model cannot chat, the mode is neither completion nor chat, or a box holds no text.
        CatalogError: there is no such model.
    """
    if not isinstance(model, str):
        raise SettingError(
            Sentence("Model is {value}; it must be a key of models.yaml.", value=shown(model)), field="model"
        )
    spec = catalog.get(model)
    if mode == "chat" and not spec.chat:
        raise SettingError(
            Sentence("{title} is not listed for chat.", title=spec.title),
            hint="Use completion, or set “chat: true” in models.yaml where it has a chat template.",
            field="mode",
        )
    system = "" if system is None else system
    if not isinstance(text, str) or not isinstance(system, str):
        raise SettingError(Sentence("The prompt is {value}; it must be a text.", value=shown(text)), field="prompt")
    if mode == "completion":
        return Prompt(text=text)
    if mode != "chat":
        raise SettingError(Sentence("Mode is {value}; it must be completion or chat.", value=shown(mode)), field="mode")
    first = (("system", system),) if system.strip() else ()
    return Prompt(messages=(*first, *read_history(history), ("user", text)))


def read_history(history: object) -> tuple[tuple[str, str], ...]:
    """Return the turns of a chat that came before the prompt, as pairs of role and content.

    Raises:
        SettingError: it is no list of turns, each with a role, user or assistant, and a text.
    """
    turns = history
    if isinstance(history, str):
        with suppress(ValueError, RecursionError):
            turns = json.loads(history)
    if not isinstance(turns, list) or len(turns) > MAX_TURNS:
        raise _no_history(turns)
    for number, turn in enumerate(turns, 1):
        named = isinstance(turn, dict) and turn.keys() == {"role", "content"} and turn["role"] in ROLES
        if not named or not isinstance(turn["content"], str):
            raise SettingError(
                Sentence(
                    "Turn {number} of the chat is {value}; it must have the role user or assistant, and a content.",
                    number=number,
                    value=shown(turn),
                ),
                field="history",
            )
        check_characters(turn["content"])
    return tuple((turn["role"], turn["content"]) for turn in turns)


def _no_history(turns: object) -> SettingError:
    if isinstance(turns, list):
        count = len(turns)
        said = Sentence(
            "The chat has {count:,} turns; it must be a list of at most {most}.", count=count, most=MAX_TURNS
        )
    else:
        value = shown(turns)
        said = Sentence("The chat is {value}; it must be a list of at most {most}.", value=value, most=MAX_TURNS)
    return SettingError(said, field="history")


def written_history(turns: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Return turns as ``read_history`` reads them."""
    return [{"role": role, "content": content} for role, content in turns]


def boxes_after(run: LiveRun) -> dict[str, Any]:
    """Return mode, prompt, and for a chat system prompt and history, with a run's text in them.

    The answer of a chat becomes a turn of its history; of any other text, prompt and text become the prompt.

    Raises:
        SettingError: prompt or text begin or end within a character.
    """
    text = _text(step.piece for step in run.text_steps)
    if run.asked.messages:
        system, messages = run.asked.chat
        history = written_history([*messages, ("assistant", text)])
        return {"mode": "chat", "system": system, "history": history, "prompt": ""}
    return {"mode": "completion", "prompt": (run.asked.text or _text(run.prompt_pieces)) + text}


def _text(pieces: Iterable[bytes]) -> str:
    """Return bytes of tokens as text.

    Raises:
        SettingError: they begin or end within a character.
    """
    try:
        return b"".join(pieces).decode()
    except UnicodeDecodeError as error:
        raise SettingError(
            "The text holds a part of a character, so that it cannot be edited.",
            hint="Go on from one of its tokens, or press “Write on”.",
        ) from error
