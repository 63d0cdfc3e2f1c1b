"""What is counted in texts is what one counts by hand."""

from __future__ import annotations

import math
import random
import subprocess
import sys
from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.chrf import chrf
from playground.errors import SettingError
from playground.measures import (
    MOST_CHANGED,
    changes,
    common_words,
    compression,
    distinct,
    divergence,
    measures,
    repetition,
)
from playground.records import Run, StopReason, TokenStep
from playground.settings import SamplingParams
from tests.models import ROOT


def run_of(*pieces: tuple[bytes, float], end: StopReason = StopReason.LENGTH) -> Run:
    """Return a run of pieces and their probabilities under the model."""
    steps = tuple(
        TokenStep(place, place, piece, luck=0.5, model_prob=prob, final_prob=prob, rank=1, packed=b"")
        for place, (piece, prob) in enumerate(pieces)
    )
    return Run("run", "toy", SamplingParams(), steps=steps, stop_reason=end)


def test_a_run_is_counted() -> None:
    """½ and ⅛ are 1 and 3 bits: 2 bits on average, −2·log 2 nats, a perplexity of 4. Two of three words differ."""
    found = measures(run_of((b" the cat", 0.5), (b" the", 0.125)))
    assert (found.tokens, found.characters, found.words) == (2, 12, 3)
    assert found.mean_logprob == pytest.approx(-2 * math.log(2))
    assert found.perplexity == pytest.approx(4)
    assert found.distinct_1 == pytest.approx(2 / 3)
    assert (found.distinct_2, found.repetition) == (1.0, None)


def test_the_end_token_is_a_token_and_no_text() -> None:
    """It was drawn; neither its piece nor its probability is the text's."""
    found = measures(run_of((b" a", 0.5), (b"<|end|>", 0.125), end=StopReason.EOS))
    assert (found.tokens, found.characters) == (2, 2)
    assert found.perplexity == pytest.approx(2)
    assert measures(run_of((b"<|end|>", 0.5), end=StopReason.EOS)).perplexity is None


def test_a_text_of_nothing_has_no_shares() -> None:
    """They are told as missing, not as 0."""
    found = measures(run_of())
    shares = (found.mean_logprob, found.perplexity, found.distinct_1, found.repetition, found.compression)
    assert shares == (None,) * 5


def test_an_impossible_token_makes_the_perplexity_infinite() -> None:
    """Only another model, or a hand, can have written it."""
    found = measures(run_of((b" a", 0.0)))
    assert (found.mean_logprob, found.perplexity) == (-math.inf, math.inf)


def test_repeating_is_seen_by_all_three() -> None:
    """Of “la” twenty times 1 of 20 words, 1 of 19 pairs and 1 of 17 4-grams is new."""
    words = ["la"] * 20
    assert (distinct(words, 1), distinct(words, 2)) == (1 / 20, 1 / 19)
    assert repetition(words) == pytest.approx(16 / 17)
    assert (compression("la " * 200) or 0) > 20
    assert (compression("la") or 2) < 1


@given(st.text(max_size=40), st.text(max_size=40))
def test_changes_make_one_text_of_the_other(left: str, right: str) -> None:
    """Every character of both is in exactly one of them, and what is equal is equal."""
    found = changes(left, right)
    assert found is not None
    assert "".join(change.left for change in found) == left
    assert "".join(change.right for change in found) == right
    assert all((change.left == change.right) == (change.kind == "equal") for change in found)


WORDS = st.lists(st.sampled_from("abc"), max_size=7)


def subsequences(words: list[str]) -> set[tuple[str, ...]]:
    """Return all that is left of words where any are left out."""
    return {part for size in range(len(words) + 1) for part in combinations(words, size)}


@given(WORDS, WORDS)
def test_no_two_texts_have_more_words_in_common_than_is_found(one: list[str], other: list[str]) -> None:
    """All ways to leave some out are tried; what is found stands in both, in order."""
    found = common_words(one, other)
    assert [one[place] for place, _ in found] == [other[place] for _, place in found]
    assert all(left < later and right < last for (left, right), (later, last) in pairwise(found))
    assert len(found) == max(map(len, subsequences(one) & subsequences(other)))


@pytest.mark.parametrize("words", ["la", "la li", "a b c d e f g h i j"])
def test_the_longest_texts_of_few_words_are_laid_side_by_side(words: str) -> None:
    """The worst for a search that tries every word against its equals: minutes, where the time is not bounded."""
    rng = random.Random(1)  # noqa: S311 (no secret)
    one, other = (" ".join([first, *rng.choices(words.split(), k=MOST_CHANGED - 2), first]) for first in "xy")
    found = changes(one, other)
    assert found
    assert ("".join(change.left for change in found), "".join(change.right for change in found)) == (one, other)


def test_texts_with_more_words_between_their_differences_are_not() -> None:
    """What they have in common before and after does not count."""
    many = "la " * MOST_CHANGED
    assert changes(f"{many}a {many}", f"{many}b {many}") is not None
    assert changes(f"a {many}a", f"b {many}b") is None


@given(st.text(max_size=20), st.text(max_size=20))
def test_up_to_the_first_divergence_texts_are_the_same(left: str, right: str) -> None:
    """And there they are not."""
    place = divergence(left, right)
    assert (place is None) == (left == right)
    if place is not None:
        assert left[:place] == right[:place]
        assert left[place : place + 1] != right[place : place + 1]


def test_chrf_follows_its_formula() -> None:
    """“abc” against “abd”: 2 of 3 letters, 1 of 2 pairs, 0 of 1 triple; F of each mean: (2/3 + 1/2 + 0) ÷ 3."""
    found = chrf("abc", "abd")
    assert found.chrf == pytest.approx(100 * (2 / 3 + 1 / 2 + 0) / 3, abs=1e-6)
    assert chrf("Then the cat sat.", "Then the cat sat.").chrf_pp == pytest.approx(100)
    assert chrf("x", "y").chrf == 0
    assert "nc:6|nw:2" in found.signatures[1]


def test_an_empty_reference_is_refused() -> None:
    """With a sentence at its field."""
    with pytest.raises(SettingError, match="The reference is empty") as caught:
        chrf("text", " ")
    assert caught.value.field == "reference"


def test_measuring_texts_needs_no_sacrebleu() -> None:
    """The page imports it only where a reference is given."""
    code = "import sys, playground.measures; print('sacrebleu' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout == "False\n"
