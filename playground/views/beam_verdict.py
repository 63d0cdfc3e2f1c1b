"""The sentences that compare a text, written token by token, with the best one of a beam search after the same prompt.

Both are compared by the model's own logprobs, since a text that is written so has no others; where penalties or
samplers left the search other sums, the sentences say so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.hypotheses import Fate, SearchEnd
from playground.tokens import flowing
from playground.views.beam_overlay import followed
from playground.views.beam_words import number, power

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playground.searches import Written
    from playground.views.beam_paths import Paths

DIGITS = 4


def verdict(kind: str, written: Written, tree: Paths, texts: Mapping[str, str]) -> str:
    """Return what a written text is, and whether its score is higher than that of the search's best text, and why."""
    return " ".join(_sentences(kind, written, tree, texts))


def _sentences(kind: str, written: Written, tree: Paths, texts: Mapping[str, str]) -> Iterator[str]:
    penalty = tree.params.length_penalty
    score = number(written.total / len(written.token_ids) ** penalty, DIGITS)
    yield texts[f"beam_path_{kind}"].format(
        text=flowing(b"".join(written.pieces)),
        seed=written.settings["seed"],
        total=number(written.total),
        score=score,
        penalty=power(penalty),
    )
    best = next(iter(tree.hypotheses), None)
    if best is None:
        return
    own = best.logprob / len(best.token_ids) ** penalty
    if best.token_ids == written.token_ids:
        yield texts["beam_path_same"]
    elif score == number(own, DIGITS):
        yield texts["beam_path_even"].format(score=score)
    elif written.total / len(written.token_ids) ** penalty < own:
        yield texts["beam_path_worse"].format(score=number(own, DIGITS))
    else:
        yield texts["beam_path_better"].format(score=number(own, DIGITS))
        yield _why(written, tree, texts)
    if number(own, DIGITS) != number(best.score, DIGITS):
        yield texts["beam_path_counted"].format(counted=number(best.score, DIGITS))


def _why(written: Written, tree: Paths, texts: Mapping[str, str]) -> str:
    """Say why a better text is not the search's best one."""
    way = followed(written.token_ids, tree)
    if len(way) == len(written.token_ids) and way[-1].fate is Fate.FINISHED:
        return texts["beam_path_found"]
    groups = {way[-1].item.group if way and way[-1].item else group for group in range(tree.params.num_beam_groups)}
    after = tree.nodes[len(way)] if len(way) < min(len(tree.nodes), len(written.token_ids)) else []
    if any(node.item and node.item.group in groups for node in after):
        return texts["beam_path_dropped"].format(step=len(way) + 1)
    return texts["beam_path_stopped" if tree.end is SearchEnd.STOPPED else "beam_path_ended"]
