"""What is said of a text that beats a beam search is true: it was dropped, not yet written, or ranked by other sums."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from playground.hypotheses import BeamStep, Ending, Hypothesis, SearchEnd
from playground.searches import Written
from playground.ui.text import ENGLISH
from playground.views.beam_paths import paths
from playground.views.beam_verdict import verdict
from tests.test_beam_tree import BY_HAND, EOS, PIECES, TWO

if TYPE_CHECKING:
    from collections.abc import Sequence

# b, <b>, end: the model's own sum is −2.7, which penalties leave at −2.9.
BEST = Hypothesis((2, 3, EOS), (b" b", b"<b>", b"<end>"), -2.7, -2.7, -0.9, Ending.EOS)
OVER = (*BY_HAND[:2], replace(BY_HAND[2], end=SearchEnd.FULL, hypotheses=(BEST,)))
STOPPED = (*BY_HAND, BeamStep(3, end=SearchEnd.STOPPED, hypotheses=(BEST,)))


def sentence(token_ids: Sequence[int], total: float, steps: Sequence[BeamStep] = OVER) -> str:
    """Return what is said of a text with this sum."""
    pieces = tuple(PIECES[token] for token in token_ids)
    written = Written(tuple(token_ids), pieces, total, {"seed": 7})
    return verdict("sampled", written, paths(steps, TWO), ENGLISH)


def test_a_sampled_text_is_named_with_its_seed_and_its_score() -> None:
    """−3.6 over three tokens is −1.2, below the −0.9 of the search."""
    assert sentence((1, 1, 1), -3.6) == (
        "With seed 7 the chain wrote “ a a a”: sum −3.600, score −1.2000 with length penalty 1. "
        "That is lower than the best text of the search, −0.9000."
    )


@pytest.mark.parametrize(
    ("token_ids", "total", "steps", "says"),
    [
        ((1, 1, 1), -1.5, OVER, "The beams did not keep this one at token 2."),
        ((4, 1, 1), -1.5, OVER, "The beams did not keep this one at token 1."),
        ((2, 1, 1, 2), -1.5, OVER, "The search was over before it could write this one to its end."),
        ((2, 1, 1, 2), -1.5, STOPPED, "The search was stopped before it could write this one to its end."),
    ],
)
def test_why_a_better_text_was_not_found(
    token_ids: Sequence[int], total: float, steps: Sequence[BeamStep], says: str
) -> None:
    """The tree goes on with a, but not with a, a; with b, a, a it goes on to its last step."""
    said = sentence(token_ids, total, steps)
    assert said.endswith(f"That is higher than the best text of the search, −0.9000. {says}")


def test_as_good_is_not_called_better() -> None:
    """Nor is the same text."""
    assert sentence((1, 1, 1), -2.7).endswith("The best text of the search, another one, has −0.9000, too.")
    assert sentence(BEST.token_ids, -2.7).endswith("That is the best text of the search, too.")


def test_where_penalties_acted_the_score_of_the_table_is_named() -> None:
    """The best text has −2.7 by the model alone and −2.1 by the search, another that it found −2.4 and −2.9."""
    first = replace(BEST, token_ids=(2, 1, 1), pieces=(b" b", b" a", b" a"), total=-2.1, score=-0.7)
    steps = (*OVER[:2], replace(OVER[2], hypotheses=(first, replace(BEST, total=-2.9, score=-0.9667))))
    said = sentence(BEST.token_ids, -2.4, steps)
    assert "higher than the best text of the search, −0.9000. The search finished this one, too" in said
    assert said.endswith("with its penalties and samplers, gives its best text −0.7000.")


def test_the_group_that_goes_furthest_with_a_text_counts() -> None:
    """Two groups begin with the same token; the second one keeps the next, too."""
    two = replace(TWO, num_beams=2, num_beam_groups=2, diversity_penalty=0.5)
    first, second = BY_HAND[0].continuations[0], BY_HAND[1].continuations[0]
    begun = (replace(first, group=0, beam=0), replace(first, group=1, beam=1))
    then = (
        replace(second, parent=0, group=0, token_id=2, piece=b" b", beam=0),
        replace(second, parent=1, group=1, beam=1),
    )
    tree = paths((BeamStep(0, begun), BeamStep(1, then, SearchEnd.LENGTH, (BEST,))), two)
    written = Written((1, 1, 1), (b" a",) * 3, -0.3, {"seed": 7})
    assert verdict("greedy", written, tree, ENGLISH).endswith("was over before it could write this one to its end.")
