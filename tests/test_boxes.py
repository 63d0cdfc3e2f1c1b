"""The prompt's boxes: what a chat so far may be, and what they hold to go on with a text by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from playground.catalog import read_catalog
from playground.errors import PlaygroundError
from playground.records import Prompt, SamplingParams
from playground.store import LiveRun, Origin, Store
from playground.ui.boxes import MAX_TURNS, boxes_after, read_boxes
from tests.test_store import ENDED, STARTED, message, step

CATALOG = read_catalog(Path(__file__).parent.parent / "models.yaml")
SMOLLM = "smollm2-135m-instruct"
USER = {"role": "user", "content": "Two?"}
ASSISTANT = {"role": "assistant", "content": "Three."}


def run_of(prompt: Prompt, *pieces: bytes, reason: str = "length") -> LiveRun:
    """Return a run that wrote these pieces."""
    live = Store().new("toy", SamplingParams(seed=1), prompt=prompt)
    live.take(STARTED | {"prompt_ids": [7], "prompt_pieces": [b"One"]})
    for place, piece in enumerate(pieces):
        live.take(message(step(place, piece)))
    live.take(ENDED | {"reason": reason})
    return live


@pytest.mark.parametrize("history", [[USER, ASSISTANT], json.dumps([USER, ASSISTANT])], ids=["list", "json"])
def test_a_chat_so_far_stands_between_system_prompt_and_prompt(history: object) -> None:
    """In its order, as a list or as its JSON."""
    prompt = read_boxes(CATALOG, SMOLLM, "chat", "Count.", "Four?", history)
    assert prompt.messages == (("system", "Count."), ("user", "Two?"), ("assistant", "Three."), ("user", "Four?"))


def test_a_completion_reads_no_chat() -> None:
    """It stays in its boxes, as the system prompt does."""
    assert read_boxes(CATALOG, SMOLLM, "completion", "Count.", "Four", [USER]) == Prompt(text="Four")


@pytest.mark.parametrize(
    ("history", "says"),
    [
        ("no", "The chat is no; it must be a list of at most 200."),
        ("[" * 100_000, "it must be a list of at most 200."),
        ({}, "The chat is {}; it must be a list"),
        (None, "The chat is None; it must be a list"),
        ([USER] * (MAX_TURNS + 1), "The chat has 201 turns; it must be a list of at most 200."),
        ([USER, "x"], "Turn 2 of the chat is x; it must have the role user or assistant, and a content."),
        ([{"role": "system", "content": "x"}], "Turn 1 of the chat is"),
        ([{"role": ["user"], "content": "x"}], "Turn 1 of the chat is"),
        ([{"role": "user", "content": 1}], "Turn 1 of the chat is"),
        ([{"role": "user"}], "Turn 1 of the chat is"),
        ([USER | {"name": "x"}], "Turn 1 of the chat is"),
        ([{"role": "user", "content": "\ud800"}], "half a character (U+D800) at position 1"),
    ],
)
def test_what_is_no_chat_is_refused_with_its_turn(history: object, says: str) -> None:
    """Whoever sends it."""
    with pytest.raises(PlaygroundError) as caught:
        read_boxes(CATALOG, SMOLLM, "chat", "", "Four?", history)
    assert says in str(caught.value)


def test_an_answer_becomes_a_turn_without_its_end_token() -> None:
    """And the prompt is empty for the next one."""
    prompt = Prompt(messages=(("system", "Count."), ("user", "Two?")))
    assert boxes_after(run_of(prompt, b"Three", b".", b"<end>", reason="eos")) == {
        "mode": "chat",
        "system": "Count.",
        "history": [USER, ASSISTANT],
        "prompt": "",
    }


def test_a_chat_without_system_prompt_has_none_afterwards() -> None:
    """Its first turn is not taken for one."""
    found = boxes_after(run_of(Prompt(messages=(("user", "Two?"),)), b"Three."))
    assert (found["system"], found["history"]) == ("", [USER, ASSISTANT])


@pytest.mark.parametrize("prompt", [Prompt(text="One"), Prompt(ids=(7,))], ids=["text", "ids"])
def test_a_completion_becomes_the_prompt(prompt: Prompt) -> None:
    """Where only ids are known, as of a run from a file, their text counts."""
    assert boxes_after(run_of(prompt, b" two")) == {"mode": "completion", "prompt": "One two"}


def test_a_text_that_goes_on_from_another_asks_what_that_asked() -> None:
    """The model was sent ids; the boxes hold what a person typed."""
    store = Store()
    first = run_of(Prompt(messages=(("user", "Two?"),)), b"Three")
    made: dict[str, Any] = {"kept": (), "prompt": Prompt(ids=(7, 8)), "origin": Origin(first.asked, first.run_id, 1)}
    assert store.new("toy", SamplingParams(seed=1), **made).asked == first.prompt


def test_half_a_character_cannot_be_edited() -> None:
    """The sentence says how to go on all the same."""
    with pytest.raises(PlaygroundError, match=r"holds a part of a character.*Write on"):
        boxes_after(run_of(Prompt(text="One"), "é".encode()[:1]))
