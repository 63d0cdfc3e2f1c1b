"""The way of a token through the chain in formulas with its own numbers, for the box under the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playground.formula import MODEL
from playground.samplers.rules import ROUNDS_TO_ONE
from playground.tokens import visible
from playground.views.base import grouped, worded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.formula import Formula, State, Turn, Way

DIGITS = 3  # of logits, behind the point
PENALTY, TEMPERATURE = "repetition_penalty", "temperature"


def formula_lines(formula: Formula, texts: Mapping[str, str]) -> list[list[Any]]:
    """Return id, text and lines of each token; a line is a name and what is computed there."""
    return [[way.token_id, visible(way.piece), _lines(formula.turns, way, texts)] for way in formula.ways]


def _lines(turns: tuple[Turn, ...], way: Way, texts: Mapping[str, str]) -> list[list[str]]:
    model, *others = turns
    lines = [[texts["waterfall_model"], _model(model, way, texts)]]
    before = way.states[0]
    for turn, after in zip(others, way.states[1:], strict=True):
        if before is None:
            break
        lines.append([worded(turn.summary, texts), _said(turn, before, after, texts)])
        before = after
    end = texts["formula_drawn"].format(share=exact(way.final_prob)) if way.states[-1] else texts["formula_never"]
    return [*lines, [texts["waterfall_final"], end]]


def _model(turn: Turn, way: Way, texts: Mapping[str, str]) -> str:
    state = way.states[0]
    if state is None:
        return texts["whatif_never"]
    logit = texts["formula_logit"].format(logit=signed(state[0]))
    return f"{logit} → {_softmax(turn, state, texts)}"


def _said(turn: Turn, before: tuple[float, float], after: State, texts: Mapping[str, str]) -> str:
    """Say what a sampler did to one token."""
    if after is None:
        return texts["formula_removed"].format(share=exact(before[1]))
    if turn.reshapes:
        return f"{_change(turn, before[0], after[0], texts)} → {_softmax(turn, after, texts)}"
    return texts["formula_stays"].format(before=exact(before[1]), kept=exact(turn.kept), after=exact(after[1]))


def _change(turn: Turn, before: float, after: float, texts: Mapping[str, str]) -> str:
    """Return the arithmetic on a logit."""
    if before == after and turn.key != TEMPERATURE:
        return texts["formula_unchanged"].format(logit=signed(after))
    if turn.key in {PENALTY, TEMPERATURE} and turn.operand is not None:
        sign = "×" if turn.key == PENALTY and before < 0 else "÷"
        return f"{signed(before)} {sign} {turn.operand:.5g} = {signed(after)}"
    return f"{signed(before)} {'+' if after > before else '−'} {abs(after - before):.{DIGITS}f} = {signed(after)}"


def _softmax(turn: Turn, state: tuple[float, float], texts: Mapping[str, str]) -> str:
    sum_over = texts["formula_over"].format(count=grouped(turn.size, texts)) if turn.key == MODEL else ""
    logit, total = signed(state[0]), signed(turn.log_total)
    return f"e^{logit} ÷ e^{total}{sum_over} = {exact(state[1])}"


def signed(number: float) -> str:
    """Return a logit with a true minus.

    >>> signed(-1.5), signed(0.0004)
    ('−1.500', '0.000')
    """
    return f"{number:.{DIGITS}f}".replace("-", "−")


def exact(share: float) -> str:
    """Return a share with four digits, so that a reader can follow the arithmetic.

    >>> exact(0.0328), exact(1.0), exact(0.99999), exact(3.2e-7)
    ('3.280%', '100%', '99.99900%', '3.200e−05%')
    """
    if share in {0, 1}:
        return f"{share:.0%}"
    digits = 7 if share > 1 - ROUNDS_TO_ONE else 4
    return f"{100 * share:#.{digits}g}%".replace("-", "−")
