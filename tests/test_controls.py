"""The page's controls are the registry's declarations: one new file is a new card."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from playground.records import SamplingParams
from playground.samplers import ORDERS, all_samplers
from playground.ui.controls import acts, chain_spec, settings_line, start_value
from playground.ui.picture import orders_text
from playground.ui.text import ENGLISH

ROOT = Path(__file__).parents[1]
HALVE = """
from dataclasses import dataclass
from typing import ClassVar
from playground.samplers.base import Knob, Sampler, knob

@dataclass(frozen=True, slots=True)
class Halve(Sampler):
    \"\"\"Keeps the better part.\"\"\"

    key: ClassVar[str] = "halve"
    label: ClassVar[str] = "Halve"
    halve: float = knob(Knob("Part", float, 0, 1, neutral=1.0, usual=0.5, step=0.1, slider_maximum=1))

    def apply(self, distribution, context):
        return distribution if self.is_neutral else distribution.best(max(1, int(self.halve * distribution.size)))
"""
SEE = """
import json, sys
import playground.samplers
playground.samplers.__path__.append(sys.argv[1])
import numpy as np
from playground.chain import trace_chain
from playground.samplers.base import StepContext
from playground.settings import SamplingParams
from playground.ui.controls import chain_spec
params = SamplingParams.from_dict({"halve": 0.5, "top_k": 3, "order": "llama.cpp"})
trace = trace_chain(np.log([0.5, 0.25, 0.15, 0.1]), params.chain, StepContext())
card = next(item for item in json.loads(chain_spec())["samplers"] if item["key"] == "halve")
keys = [sampler.key for sampler in params.chain]
print(json.dumps([keys, trace.final.size, trace.removed_by(3), params.to_dict()["halve"], card]))
"""


def test_one_new_file_is_a_new_sampler(tmp_path: Path) -> None:
    """A file in a folder of its own: registry, parameters, chain, trace and the page's card know it."""
    (tmp_path / "halve.py").write_text(HALVE, encoding="utf-8")
    command = [sys.executable, "-c", SEE, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    keys, support, remover, value, card = json.loads(done.stdout)
    assert (keys, support, remover, value) == (["top_k", "halve"], 1, "top_k", 0.5)
    assert (card["label"], card["help"], card["active"]) == ("Halve", ["Keeps the better part."], ["halve"])
    assert card["knobs"][0] | {"name": "halve", "label": "Part", "usual": 0.5, "range": "[0, 1]"} == card["knobs"][0]


def test_every_sampler_has_a_card_with_all_its_knobs() -> None:
    """In transformers' order, each with help and with a knob that makes it act."""
    spec = json.loads(chain_spec())
    assert [item["key"] for item in spec["samplers"]] == list(all_samplers())
    for item in spec["samplers"]:
        assert [knob["name"] for knob in item["knobs"]] == list(all_samplers()[item["key"]].knobs())
        assert item["active"], item["key"]
        assert len(item["help"]) > 1, item["key"]
    assert {name: set(keys) for name, keys in spec["orders"].items()} == {name: set(all_samplers()) for name in ORDERS}


@pytest.mark.parametrize(
    ("key", "name", "expected"),
    [
        ("temperature", "temperature", True),
        ("temperature", "range", True),
        ("temperature", "exponent", False),
        ("repetition_penalty", "window", False),
        ("repetition_penalty", "include_prompt", False),
        ("logit_bias", "biases", True),
        ("dry", "breakers", False),
    ],
)
def test_a_switch_knows_which_numbers_make_a_sampler_act(key: str, name: str, expected: bool) -> None:  # noqa: FBT001 (a value to compare with)
    """A window alone does nothing; a range of temperatures does, though the temperature is 1."""
    assert acts(all_samplers()[key], name) is expected


def test_the_page_starts_with_settings_that_are_accepted() -> None:
    """The start value is the balanced preset in transformers' order."""
    assert SamplingParams.from_dict(json.loads(start_value())).to_dict()["temperature"] == 0.8


def test_the_settings_line_says_all_that_acts_in_its_order() -> None:
    """Neutral samplers are left out; an order of one's own is called so, as the line shows it."""
    flat = {"top_p": 0.9, "top_k": 0, "repetition_penalty": {"penalty": 1.1, "window": 64}, "order": "transformers"}
    assert settings_line("m", SamplingParams.from_dict(flat), ENGLISH) == (
        "m · repetition penalty 1.1, window 64 · top-p 0.9 · order transformers"
    )
    own = SamplingParams.from_dict({"temperature": 2, "top_p": 0.5, "order": ["top_p", "temperature"]})
    assert settings_line("m", own, ENGLISH) == "m · top-p 0.5 · temperature 2.0 · order your own"


def said(first: int, second: int, differ_count: int, *differ: bytes) -> str:
    """Return the sentence about both orders."""
    supports = [["transformers", first], ["llama.cpp", second]]
    return orders_text({"supports": supports, "differ_count": differ_count, "differ": list(differ)}, ENGLISH)


def test_both_orders_are_compared_in_a_sentence() -> None:
    """Numbers in both, and the tokens that only one keeps; equal numbers of other tokens are told apart."""
    assert orders_text(None, ENGLISH) == ""
    assert said(22, 22, 0) == "Both orders keep the same 22 tokens."
    assert said(3, 1, 2, b" a", b"\n") == (
        "These settings keep 3 tokens in transformers’ order and 1 token in llama.cpp’s; they differ on “␣a”, “⏎”."
    )
    assert said(2, 2, 7, b"x").endswith("2 tokens in llama.cpp’s, not the same ones; they differ on “x” and 6 more.")


@pytest.mark.parametrize(
    ("flat", "expected"),
    [
        ({"temperature": 0, "top_p": 0.9, "order": "transformers"}, ("temperature", ["top_p"])),
        ({"temperature": 0, "top_p": 0.9, "order": "llama.cpp"}, None),
        ({"temperature": 0, "repetition_penalty": 1.2}, None),
        ({"temperature": {"temperature": 0, "range": 1}, "top_p": 0.9}, None),
        ({"top_k": 1, "top_p": 0.9, "min_p": 0.1}, ("top_k", ["top_p", "min_p"])),
        ({"top_p": 0, "min_p": 0.1}, ("top_p", ["min_p"])),
        ({"top_k": 2, "top_p": 0.9}, None),
    ],
)
def test_samplers_behind_one_that_leaves_one_token_are_named(
    flat: dict[str, object], expected: tuple[str, list[str]] | None
) -> None:
    """A greedy temperature in front of top-p makes it idle; behind it, it does not."""
    found = SamplingParams.from_dict(flat).without_effect
    assert (found and (found[0].key, [item.key for item in found[1]])) == expected
