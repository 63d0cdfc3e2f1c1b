"""The samplers that look at what was written before, and those that name tokens, with numbers to check by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.chain import trace_chain
from playground.errors import SettingError
from playground.numerics import Distribution
from playground.samplers.base import StepContext
from playground.samplers.dry import Dry, echo_limit, echoes, token_breakers
from playground.samplers.frequency_penalty import FrequencyPenalty
from playground.samplers.logit_bias import LogitBias
from playground.samplers.no_repeat_ngram import NoRepeatNgram
from playground.samplers.presence_penalty import PresencePenalty
from playground.samplers.repetition_penalty import RepetitionPenalty
from playground.samplers.temperature import Temperature
from playground.samplers.top_k import TopK
from tests.settings_drawn import FOUR, LETTERS, NOWHERE, Letters, after, keeps

WINDOWED = (RepetitionPenalty, PresencePenalty, FrequencyPenalty)


def test_repetition_penalty_divides_above_zero_and_multiplies_below() -> None:
    """Both ways a penalty above 1 makes a token less likely; a token that did not appear keeps its logit."""
    everything = replace(NOWHERE, history=(0, 1, 2))

    assert after(RepetitionPenalty(2.0), [3.0, 0.0, -3.0, 1.0], everything) == [1.5, 0.0, -6.0, 1.0]
    assert after(RepetitionPenalty(0.5), [3.0, 0.0, -3.0, 1.0], everything) == [6.0, 0.0, -1.5, 1.0]


def test_repetition_penalty_counts_a_token_once() -> None:
    """Three appearances lower a logit as much as one."""
    assert after(RepetitionPenalty(2.0), [8.0, 8.0], replace(NOWHERE, history=(0, 0, 0))) == [4.0, 8.0]


@pytest.mark.parametrize(
    ("knobs", "lowered"),
    [
        ({}, {0, 1, 2, 3}),  # everything, prompt included
        ({"window": 1}, {3}),
        ({"window": 3}, {1, 2, 3}),  # reaches one token into the prompt
        ({"window": 99}, {0, 1, 2, 3}),
        ({"include_prompt": False}, {2, 3}),
        ({"include_prompt": False, "window": 1}, {3}),
        ({"include_prompt": False, "window": 3}, {2, 3}),  # a window never reaches into a prompt left out
    ],
)
@pytest.mark.parametrize("kind", WINDOWED)
def test_a_penalty_looks_at_its_window(kind: Any, knobs: dict[str, Any], lowered: set[int]) -> None:  # noqa: ANN401 (a class)
    """Of the prompt 0, 1 and the written 2, 3 the last n tokens count, and without the prompt only written ones."""
    context = replace(NOWHERE, history=(0, 1, 2, 3), prompt_length=2, position=2)

    found = after(kind(2.0, **knobs), [4.0] * 5, context)

    assert {token for token, logit in enumerate(found) if logit == 2.0} == lowered
    assert all(found[token] == 4.0 for token in {0, 1, 2, 3, 4} - lowered)


@pytest.mark.parametrize("kind", WINDOWED)
def test_a_penalty_with_nothing_to_count_returns_the_same(kind: Any) -> None:  # noqa: ANN401 (a class)
    """Before the first token is written, with the prompt left out, there is nothing to lower."""
    distribution = Distribution.of_logits(FOUR)
    context = replace(NOWHERE, history=(0, 1), prompt_length=2)

    assert kind(2.0, include_prompt=False).apply(distribution, context) is distribution


def test_repetition_penalty_takes_the_logits_that_reach_it() -> None:
    """Behind temperature 2 logits 4, 2 are 2, 1; penalty 4 on the first leaves 0.5, 1."""
    final = trace_chain(
        np.array([4.0, 2.0]), (Temperature(2.0), RepetitionPenalty(4.0)), replace(NOWHERE, history=(0,))
    ).final

    assert final.probs == pytest.approx([1 / (1 + math.exp(0.5)), 1 / (1 + math.exp(-0.5))])


def test_repetition_penalty_reaches_its_tokens_behind_a_truncation() -> None:
    """Top-k puts the entries in rank order; the penalty still finds its tokens, and removed ones stay removed."""
    context = replace(NOWHERE, history=(2, 0))  # token 0 is the one that top-k removes

    final = trace_chain(np.array([1.0, 2.0, 4.0, 3.0]), (TopK(3), RepetitionPenalty(4.0)), context).final

    # 1, 2, 3 stay with 2, 4, 3; then token 2 falls to 4 ÷ 4 = 1.
    weights = [0.0, math.exp(2), math.exp(1), math.exp(3)]
    assert final.probs == pytest.approx([weight / sum(weights) for weight in weights])


def test_presence_penalty_subtracts_once() -> None:
    """However often a token appeared and whatever its sign; below 0 it adds."""
    seen = replace(NOWHERE, history=(0, 0, 1, 2))

    assert after(PresencePenalty(0.5), [3.0, 0.0, -3.0, 1.0], seen) == [2.5, -0.5, -3.5, 1.0]
    assert after(PresencePenalty(-0.5), [3.0, 0.0, -3.0, 1.0], seen) == [3.5, 0.5, -2.5, 1.0]


def test_frequency_penalty_subtracts_each_time() -> None:
    """Twice for a token that appeared twice."""
    seen = replace(NOWHERE, history=(0, 0, 1, 2))

    assert after(FrequencyPenalty(0.5), [3.0, 0.0, -3.0, 1.0], seen) == [2.0, -0.5, -3.5, 1.0]
    assert after(FrequencyPenalty(0.5, window=3), [3.0, 0.0, -3.0, 1.0], seen) == [2.5, -0.5, -3.5, 1.0]


# --- no repeated n-grams ---


@pytest.mark.parametrize(
    ("size", "history", "removed"),
    [
        (1, "", ""),
        (1, "abab", "ab"),  # every token that has appeared
        (2, "a", ""),  # no pair yet
        (2, "abab", "a"),  # b a has appeared
        (2, "abcab", "c"),
        (2, "aa", "a"),  # a a has appeared, and overlaps itself
        (2, "abacada", "bcd"),
        (3, "abcab", "c"),
        (3, "abcb", ""),  # c b was never followed
        (3, "ab", ""),
        (3, "aaa", "a"),
        (6, "abcab", ""),
        (5, "abcab", ""),
        (4, "abcdabc", "d"),
    ],
)
def test_no_run_of_n_tokens_comes_twice(size: int, history: str, removed: str) -> None:
    """A token goes where it followed the last n − 1 tokens before."""
    context = replace(NOWHERE, history=LETTERS.encode(history, special=False))

    left = keeps(NoRepeatNgram(size), logits=np.zeros(6), context=context)

    assert {"abcdef"[token] for token in set(range(6)) - set(left)} == set(removed)


@given(history=st.lists(st.integers(0, 3), max_size=30), size=st.integers(1, 5))
def test_no_run_is_no_run_by_the_letter(history: list[int], size: int) -> None:
    """A token is removed exactly where appending it would make a run that stands in the history already."""
    runs = {tuple(history[at : at + size]) for at in range(len(history) - size + 1)}
    long_enough = len(history) >= size
    expected = [
        token for token in range(5) if not long_enough or (*history[len(history) - size + 1 :], token) not in runs
    ]

    left = keeps(NoRepeatNgram(size), logits=np.zeros(5), context=replace(NOWHERE, history=tuple(history)))

    assert left == expected  # token 4 never appeared, so something is left


def test_where_every_token_would_repeat_the_best_stays() -> None:
    """Of the two tokens that there are both have appeared."""
    assert keeps(NoRepeatNgram(1), logits=np.array([1.0, 2.0]), context=replace(NOWHERE, history=(0, 1))) == [1]


# --- DRY ---


def test_dry_finds_the_echoes_of_a_text() -> None:
    """In "abccbcyabc" the end "abc" was followed by c, "c" by b and "bc" by y; the longest counts."""
    recent = np.array(LETTERS.encode("abccbcuabc", special=False))

    tokens, lengths = echoes(recent, 99)

    found = {
        "abcdefghijklmnopqrstu"[token]: length for token, length in zip(tokens.tolist(), lengths.tolist(), strict=True)
    }
    assert found == {"a": 0, "b": 1, "c": 3, "u": 2}


@given(history=st.lists(st.integers(0, 2), min_size=2, max_size=40), limit=st.integers(0, 12))
def test_dry_echoes_are_longest_common_ends(history: list[int], limit: int) -> None:
    """For each place, how far what stands before it agrees with the end, counted backwards one by one."""
    longest: dict[int, int] = {}
    for place in range(1, len(history)):
        length = 0
        while length < min(place, limit) and history[place - 1 - length] == history[-1 - length]:
            length += 1
        longest[history[place]] = max(longest.get(history[place], 0), length)

    tokens, lengths = echoes(np.array(history), limit)

    assert dict(zip(tokens.tolist(), lengths.tolist(), strict=True)) == longest


@pytest.mark.parametrize(
    ("knobs", "lowered"),
    [
        ({"allowed_length": 2}, {"c": 2.0, "u": 1.0}),  # 2^(3 − 2), 2^(2 − 2)
        ({"allowed_length": 3}, {"c": 1.0}),
        ({"allowed_length": 1}, {"c": 4.0, "u": 2.0, "b": 1.0}),
        ({"allowed_length": 4}, {}),
        ({"allowed_length": 0}, {"c": 8.0, "u": 4.0, "b": 2.0, "a": 1.0}),
        ({"allowed_length": 2, "window": 9}, {"c": 1.0, "u": 1.0}),  # "bccbcuabc": only "bc" is left of the first abc
        ({"allowed_length": 2, "window": 6}, {"u": 1.0}),  # "bcuabc"
        ({"allowed_length": 2, "window": 2}, {}),
        ({"allowed_length": 2, "base": 1.0}, {"c": 1.0, "u": 1.0}),
        ({"allowed_length": 2, "breakers": ("b",)}, {}),  # only c stands behind it
        (
            {"allowed_length": 1, "breakers": ("b",)},
            {"u": 1.0, "c": 1.0},
        ),  # the echo is one long, and b is never lowered
        ({"allowed_length": 2, "breakers": ("a",)}, {"c": 1.0, "u": 1.0}),
        ({"allowed_length": 2, "breakers": ("u",)}, {"c": 2.0}),  # a breaker of one token is never lowered
        ({"allowed_length": 2, "breakers": ("ua",)}, {"c": 1.0, "u": 1.0}),  # the echo begins behind it
        ({"allowed_length": 2, "breakers": ("uc",)}, {"c": 2.0, "u": 1.0}),  # does not occur
    ],
)
def test_dry_lowers_by_the_length_of_the_echo(knobs: dict[str, Any], lowered: dict[str, float]) -> None:
    """In "abccbcuabc", multiplier 1 and base 2: 1 × 2^(length − allowed length)."""
    context = replace(NOWHERE, history=LETTERS.encode("abccbcuabc", special=False))

    found = after(Dry(1.0, **{"base": 2.0} | knobs), [0.0] * 21, context)

    assert {"abcdefghijklmnopqrstu"[token]: -logit for token, logit in enumerate(found) if logit} == lowered


def test_dry_stops_raising_where_float32_would_overflow() -> None:
    """3^81 is too much for float32: after 80 steps the penalty grows no more, as in llama.cpp."""
    long, longer = (after(Dry(1.0, base=3.0), [0.0, 0.0], replace(NOWHERE, history=(0,) * count)) for count in (83, 84))

    assert long == longer == [pytest.approx(-(3.0**80), rel=1e-12), 0.0]
    assert after(Dry(1.0, base=3.0), [0.0, 0.0], replace(NOWHERE, history=(0,) * 82)) == [
        pytest.approx(-(3.0**79), rel=1e-12),
        0.0,
    ]


def test_breakers_are_found_in_and_across_tokens() -> None:
    """A token that holds one, one that it begins in with the rest to follow, and the last token, which holds both."""
    colon, both = 22, 23
    assert token_breakers(LETTERS, (":",)) == {colon: ((),), both: ((),)}
    assert token_breakers(LETTERS, ("a:",)) == {0: ((colon,),), both: ((),)}
    assert token_breakers(LETTERS, ("a:b", "b")) == {0: ((colon, 1),), 1: ((),), both: ((1,),)}
    assert token_breakers(LETTERS, ("aa",)) == {0: ((0,),)}
    assert token_breakers(LETTERS, ("a", "aa")) == {0: ((), (0,)), both: ((),)}


@pytest.mark.parametrize(
    ("text", "breakers", "limit"),
    [
        ("abc", (), 3),
        ("abc", ("c",), 0),
        ("abc", ("a",), 2),
        ("a:c", ("a:",), 1),
        ("a:", ("a:",), 0),
        ("aba", ("a:",), 3),  # the first a is followed by b, the last by nothing yet
        ("a:bc", ("a", "a:b"), 1),  # the longer of two that begin at one token
        ("a:bca", ("a:b",), 2),
    ],
)
def test_an_echo_ends_at_a_breaker(text: str, breakers: tuple[str, ...], limit: int) -> None:
    """How many tokens stand behind the last breaker."""
    recent = np.array(LETTERS.encode(text, special=False))

    assert echo_limit(recent, token_breakers(LETTERS, breakers)) == limit


def test_dry_asks_for_a_vocabulary_only_where_it_has_breakers() -> None:
    """Without one, breakers cannot be looked up, and are not left out silently."""
    nowhere = StepContext(history=(0, 1, 0, 1, 0))
    distribution = Distribution.of_logits(FOUR)

    assert Dry(1.0).apply(distribution, nowhere) is not distribution
    with pytest.raises(SettingError, match="no vocabulary") as caught:
        Dry(1.0, breakers=("a",)).apply(distribution, nowhere)
    assert caught.value.field == "dry.breakers"


# --- logit bias ---


def test_a_bias_is_added_and_a_ban_removes() -> None:
    """By id, by text, twice for one token; then what is banned is gone."""
    bias = LogitBias(((0, 1.0), ("b", -2.0), (1, 0.5), (3, False)))

    final = trace_chain(np.zeros(4), (bias,), NOWHERE).final

    assert dict(zip(final.token_ids.tolist(), final.logits.tolist(), strict=True)) == {0: 1.0, 1: -1.5, 2: 0.0}


def test_a_bias_reaches_its_tokens_behind_a_truncation() -> None:
    """Top-k puts the entries in rank order; a token that it removed stays removed."""
    final = trace_chain(np.array([1.0, 2.0, 4.0, 3.0]), (TopK(3), LogitBias(((0, 9.0), (3, 2.0)))), NOWHERE).final

    assert dict(zip(final.token_ids.tolist(), final.logits.tolist(), strict=True)) == {1: 2.0, 2: 4.0, 3: 5.0}


def test_bans_that_leave_nothing_behind_a_truncation_are_refused() -> None:
    """Top-k leaves one token, and that is banned: the refusal says at which step."""
    context = replace(NOWHERE, position=6)

    with pytest.raises(SettingError, match="at step 7") as caught:
        trace_chain(FOUR, (TopK(1), LogitBias(((0, False),))), context)
    assert caught.value.field == "logit_bias"
    assert keeps(LogitBias(((0, False),)), TopK(1), context=context) == [1]


@pytest.mark.parametrize(("text", "said"), [("ab", "“a”, “b”"), ("a:", "“a”, “:”"), ("c\n", "“c”, “⏎”")])
def test_a_text_of_several_tokens_is_refused_with_its_tokens(text: str, said: str) -> None:
    """In the note, before anything is drawn, and when it is applied."""
    bias = LogitBias(((text, 1.0),))

    with pytest.raises(SettingError, match="is 2 tokens in this vocabulary") as noted:
        bias.note(LETTERS)
    with pytest.raises(SettingError, match="is 2 tokens in this vocabulary"):
        bias.apply(Distribution.of_logits(FOUR), NOWHERE)
    assert said in noted.value.message
    assert noted.value.field == "logit_bias"


def test_a_token_that_is_not_there_is_refused() -> None:
    """The last id of the vocabulary is taken, the next one not."""
    assert LogitBias(((23, 1.0),)).note(LETTERS) is None
    with pytest.raises(SettingError, match="no token 24 among this vocabulary's 24"):
        LogitBias(((24, 1.0),)).note(LETTERS)
    with pytest.raises(SettingError, match="no token 4 among this vocabulary's 4"):
        LogitBias(((4, False),)).apply(Distribution.of_logits(FOUR), NOWHERE)


def test_a_text_needs_a_vocabulary() -> None:
    """Where only the width is known a note looks at ids alone; to act, the text has to be looked up."""

    class Width:
        vocab_size = 4

    assert LogitBias((("ab", 1.0),)).note(Width()) is None
    with pytest.raises(SettingError, match="no token 4 among"):
        LogitBias((("ab", 1.0), (4, 1.0))).note(Width())
    with pytest.raises(SettingError, match="no vocabulary here"):
        LogitBias((("a", 1.0),)).apply(Distribution.of_logits(FOUR), StepContext())


def test_two_vocabularies_do_not_mix() -> None:
    """What is remembered of a text is remembered for its vocabulary."""

    class Backwards(Letters):
        def encode(self, text: str, *, special: bool) -> tuple[int, ...]:
            return tuple(20 - token for token in super().encode(text, special=special))

    there = replace(NOWHERE, vocabulary=Backwards())
    chain = (LogitBias((("a", False),)),)

    assert 0 not in keeps(*chain, logits=np.zeros(21))
    assert 20 not in keeps(*chain, logits=np.zeros(21), context=there)
