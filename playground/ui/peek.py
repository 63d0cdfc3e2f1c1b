"""What the card at a written token says of the others that could have stood there; it comes with the token."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from playground.tokens import visible
from playground.views.base import sampler_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.records import Candidate, Snapshot, TokenStep

NEAR = 5  # tokens of the card, beside the written one
DIGITS = 6  # of a share, where people read three: a message has a dozen of them for each token


def nearby(step: TokenStep, snapshot: Snapshot, texts: Mapping[str, str]) -> list[Any]:
    """Return entropy before (bits), support, and the likeliest tokens with what all others have.

    The likeliest are those after the chain, then the most probable of the removed ones; the written token is always
    among them. Each is a list of text, share before, share after and, where it was removed, by what. The order is:
    entropy, support, count and both shares of the others, the place of the written one, the tokens.
    """
    best = sorted(snapshot.candidates, key=lambda item: (-item.final_prob, item.rank))
    shown = best[:NEAR] + [item for item in best[NEAR:] if item.token_id == step.token_id]
    rows = [_row(item, texts) for item in shown]
    place = next((place for place, item in enumerate(shown) if item.token_id == step.token_id), len(rows))
    rest, before = best[NEAR:], snapshot.tail_model_mass
    listed = sum(item.in_play for item in snapshot.candidates)
    after = snapshot.tail_final_mass if snapshot.support > listed else 0.0  # not what rounding leaves of nothing
    if place == len(rows):  # a file may record a token that its own shortlist leaves out
        rows.append([visible(step.piece), short(step.model_prob), short(step.final_prob)])
        before, after = max(0.0, before - step.model_prob), max(0.0, after - step.final_prob)
    others = [item for item in rest if item.token_id != step.token_id]
    return [
        short(snapshot.model_entropy_bits),
        snapshot.support,
        max(0, snapshot.tail_count + len(snapshot.candidates) - len(rows)),
        short(math.fsum([before, *(item.model_prob for item in others)])),
        short(math.fsum([after, *(item.final_prob for item in others)])),
        place,
        rows,
    ]


def _row(item: Candidate, texts: Mapping[str, str]) -> list[Any]:
    row: list[Any] = [visible(item.piece), short(item.model_prob), short(item.final_prob)]
    return [*row, sampler_name(item.removed_by, texts).lower()] if item.removed_by else row


def short(number: float) -> float:
    """Return a number with as many digits as anything here shows, and a few more.

    >>> short(0.123456789), short(1.0), short(3.3e-9)
    (0.123457, 1.0, 3.3e-09)
    """
    return float(f"{number:.{DIGITS}g}")
