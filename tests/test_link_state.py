"""What a link or a browser may hold: all of it comes back, nothing else gets through, and nothing breaks the check."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from playground.download import Downloads
from playground.pool import Pool
from playground.samplers import ORDERS
from playground.settings import MAX_NEW_TOKENS, MAX_SEED, SamplingParams
from playground.store import Store
from playground.ui.controls import read_settings
from playground.ui.examples import EXAMPLES, HARBOR
from playground.ui.explore import Explorer
from playground.ui.link import MAX_LINK_CHARS, MAX_REFUSED, MAX_STATE_BYTES, start_state
from playground.ui.routes import add_routes
from playground.ui.text import ENGLISH
from tests.models import CATALOG, SMOLLM
from tests.settings_drawn import CHAINS

if TYPE_CHECKING:
    from collections.abc import Mapping

EXPLORER = Explorer(Pool(CATALOG), Store(), ENGLISH, Downloads(lambda: None))  # no model is started
APP = FastAPI()
add_routes(APP, EXPLORER)
SERVER = TestClient(APP)
START = start_state(CATALOG, ENGLISH)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
CHAIN_KEYS = st.sampled_from(["temperature", "top_p", "logit_bias", "dry", "order", "stop", "seed", "__proto__"])
FLAT = st.dictionaries(CHAIN_KEYS | st.text(max_size=8), JSON, max_size=5)


@st.composite
def params_drawn(draw: st.DrawFn) -> SamplingParams:
    """Draw settings of all kinds, in an order with a name or in their own."""
    samplers = draw(CHAINS)
    own = st.permutations([sampler.key for sampler in samplers]).map(tuple)
    order = draw(st.sampled_from([*ORDERS]) | own)
    seed = draw(st.none() | st.integers(0, MAX_SEED))
    stops = draw(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=3))
    return SamplingParams(samplers, order, seed, draw(st.integers(1, MAX_NEW_TOKENS)), tuple(stops))


def ask(**body: object) -> dict[str, Any]:
    """Return what the page is told."""
    answer = SERVER.post("/playground/link", content=json.dumps(body))
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def packed(value: object) -> str:
    """Return a value as a link holds it; bytes as they are."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_a_new_page_comes_back_as_it_is() -> None:
    """State to link and back changes nothing, and nothing is refused."""
    answer = ask(link=ask(state=START)["link"])
    assert (answer["state"], answer["problems"]) == (START, "")


@given(params=params_drawn(), prompt=st.text(st.characters(exclude_categories=["Cs"])))
def test_all_settings_survive_a_link(params: SamplingParams, prompt: str) -> None:
    """Whatever the cards can be set to is read from the link as the same settings."""
    flat = params.to_dict()
    chain = {key: value for key, value in flat.items() if key not in {"seed", "max_new_tokens"}}
    given_state = START | {"chain": chain, "seed": flat["seed"], "max_new_tokens": flat["max_new_tokens"]}
    answer = ask(link=ask(state=given_state | {"prompt": prompt})["link"])
    state = answer["state"]
    assert answer["problems"] == ""
    assert read_settings(state["chain"], state["seed"], state["max_new_tokens"]) == params
    assert SamplingParams.from_dict(json.loads(answer["settings"])["settings"]) == params
    assert state["prompt"] == prompt


@given(parts=st.dictionaries(st.sampled_from([*START, "__proto__"]) | st.text(max_size=8), JSON | FLAT, max_size=6))
def test_whatever_is_sent_the_answer_holds(parts: Mapping[str, object]) -> None:
    """Any JSON becomes a state in which nothing more is refused."""
    state = ask(state=dict(parts) | {"v": 1})["state"]
    again = ask(state=state)
    assert (again["state"], again["problems"]) == (state, "")


@given(link=JSON, run=JSON)
def test_a_link_that_is_anything_else_is_refused_in_a_sentence(link: object, run: object) -> None:
    """No JSON value that is not made for it is read as a link; the page learns that nothing could be."""
    answer = ask(link=link, run=run)
    assert answer["state"] is None
    assert answer["problems"] == "The link holds no settings. A part of it may be missing: copy all of it."


@pytest.mark.parametrize(
    ("link", "says"),
    [
        ("", "The link holds no settings."),
        ("<img src=x onerror=alert(1)>", "The link holds no settings."),
        ("%3Cscript%3E", "The link holds no settings."),
        (packed(b"\xff\xfe{}"), "The link holds no settings."),
        (packed(json.dumps(START).encode("utf-16")), "The link holds no settings."),
        (packed(b"{"), "The link holds no settings."),
        (packed(b"[" * 20_000), "The link holds no settings."),
        (packed([1]), "The link holds no settings."),
        (packed(b"1" * 5_000), "The link holds no settings."),
        (packed(START)[:-7], "The link holds no settings."),
        (packed({}), "The settings are of version None; this page reads version 1."),
        (packed({"v": "${alert(1)}"}), "The settings are of version ${alert(1)}; this page reads version 1."),
        ("a" * (MAX_LINK_CHARS + 1), "The link is longer than 32,768 characters, the most that is read."),
    ],
)
def test_a_link_that_cannot_be_read_says_why(link: str, says: str) -> None:
    """Nothing of it is taken over."""
    answer = ask(link=link)
    assert answer["state"] is None
    assert answer["problems"].startswith(says)


@pytest.mark.parametrize(
    ("part", "value", "says"),
    [
        ("model", "<img src=x onerror=alert(1)>", "models.yaml has no model “<img src=x onerror=alert(1)>”"),
        ("model", ["toy"], "Model is ['toy']; it must be a key of models.yaml."),
        ("mode", "shout", "Mode is shout; it must be completion or chat."),
        ("prompt", 5, "The prompt is 5; it must be a text."),
        ("prompt", "a\ud800", "The prompt holds half a character (U+D800) at position 2. Delete it."),
        ("system", {}, "The prompt is {}; it must be a text."),
        ("seed", -7, "Seed is -7; it must be a whole number in [0, 4,294,967,295]."),
        ("seed", float("nan"), "Seed is nan; it must be a whole number"),
        ("max_new_tokens", 10**400, "New tokens, at most, is 1000"),
        ("view", "${alert(1)}", "View is ${alert(1)}; it must be one of distribution, waterfall."),
        ("color", 1, "Color is 1; it must be one of surprisal, probability, entropy, none."),
        ("token", -1, "Token is -1; it must be a whole number in [0, 1,000,000]."),
        ("__proto__", {"polluted": 1}, "There is no setting “__proto__”."),
        ("chain", "constructor", "The chain is constructor; it must be a JSON object."),
    ],
)
def test_a_part_that_is_refused_starts_as_on_a_new_page(part: str, value: object, says: str) -> None:
    """The sentence names it, and all other parts are taken over."""
    others = {"model": "toy", "prompt": "Water boils", "seed": 7, "view": "waterfall", "color": "none", "token": 3}
    answer = ask(link=packed(START | others | {part: value}))
    assert says in answer["problems"]
    assert answer["state"] == START | {name: kept for name, kept in others.items() if name != part}


def test_a_chat_with_a_model_that_has_none_is_refused_with_its_name() -> None:
    """The mode depends on the model that is asked for."""
    answer = ask(state=START | {"model": "gemma-3-270m", "mode": "chat"})
    assert answer["field"] == "mode"
    assert answer["state"]["mode"] == "completion"
    assert ask(state=START | {"model": SMOLLM, "mode": "chat"})["state"]["mode"] == "chat"


def test_of_a_chain_only_the_sampler_that_is_refused_is_left_out() -> None:
    """The rest stays, in the order that the link names."""
    chain = {
        "top_p": 1.5,
        "tempature": 1,
        "top_k": 7,
        "min_p": 0.1,
        "stop": [""],
        "order": ["min_p", "top_k", "top_p"],
    }
    answer = ask(state=START | {"chain": chain})
    assert answer["state"]["chain"] == {"order": ["min_p", "top_k", "top_p"], "top_k": 7, "min_p": 0.1}
    for sentence in (
        "Top-p is 1.5",
        "There is no setting “tempature”. The nearest is temperature.",
        "A stop text is empty;",
    ):
        assert sentence in answer["problems"]
    assert answer["field"] == "tempature"


def test_a_chain_with_too_much_refused_in_it_is_none() -> None:
    """The check does not go through thousands of settings that do not exist."""
    answer = ask(state=START | {"chain": {f"x{number}": 1 for number in range(5_000)}})
    assert answer["state"] == START
    assert answer["problems"].count("There is no setting") == MAX_REFUSED


@pytest.mark.parametrize("part", ['"token": %s', '"chain": {"top_p": %s}', '"chain": {"dry": {"base": %s}}'])
def test_lists_in_lists_are_refused_however_deep(part: str) -> None:
    """Also where reading them just works, and writing them into a sentence does not."""
    for depth in range(900, 1_010):  # Python's limit is 1,000 calls, those up to here included
        body = '{"state": {"v": 1, %s}}' % (part % ("[" * depth + "]" * depth))
        answer = SERVER.post("/playground/link", content=body)
        assert answer.status_code in {200, 400}, depth
        assert "it must be" in answer.text or "no JSON object" in answer.text


def test_a_prompt_too_long_for_a_link_is_kept_without_one() -> None:
    """The browser may keep it; the link is empty, so that the page can say so."""
    answer = ask(state=START | {"prompt": "я" * 40_000})
    assert (len(answer["state"]["prompt"]), answer["problems"], answer["link"]) == (40_000, "", "")


def test_a_state_too_large_to_read_is_refused_with_the_limit() -> None:
    """A megabyte is read, more is not."""
    body = b'{"state": "' + b"a" * MAX_STATE_BYTES + b'"}'
    answer = SERVER.post("/playground/link", content=body)
    assert answer.status_code == 400
    assert "more than 1,048,576 bytes" in answer.json()["text"]


def test_a_run_is_named_while_it_is_kept() -> None:
    """Of a run that is gone, or never was, the page learns so without an error."""
    run = EXPLORER.store.new("toy", SamplingParams()).run_id
    assert ask(state=START, run=run)["run"] == run
    assert [ask(state=START, run=name)["run"] for name in ("gone", None, 5, "")] == [""] * 4


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.key)
def test_every_example_can_be_filled_in(example: Any) -> None:  # noqa: ANN401 (pytest hands over a parameter)
    """Its parts pass the check as they are, and it has a name on the page."""
    parts = {"mode": example.mode, "system": example.system, "prompt": example.prompt}
    answer = ask(state=START | parts)
    assert (answer["state"], answer["problems"]) == (START | parts, "")
    assert ENGLISH[f"example_{example.key}"]


def test_storyteller_and_json_machine_are_asked_the_same() -> None:
    """Only the system prompt tells them apart."""
    story, machine = (next(item for item in EXAMPLES if item.key == key) for key in ("storyteller", "json"))
    assert story.prompt == machine.prompt == HARBOR
    assert (story.mode, machine.mode) == ("chat", "chat")
    assert story.system != machine.system
