"""Samplers written plainly, for a script that a person copies and reads.

- A plain function takes the logits of the whole vocabulary, float64 with −inf where a token is removed, and returns new
  ones. It sorts whatever it wants sorted: a script need not be fast.
- ``Sampler.plain`` names the function of a sampler and its arguments. Both stand in the sampler's own file, so that a
  sampler stays one file, and a test holds the two ways of writing it together.
- A script holds the source of the function, of all that it calls and of the constants that it names, and nothing else
  of this package. So a plain function names only NumPy, modules of Python and other plain functions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy.typing as npt

    from playground.numerics import BoolArray, FloatArray

    Order = npt.NDArray[np.intp]


class Name(str):
    """An expression over what a script knows of its run.

    It knows ``logits``; ``ids``, all tokens so far with the prompt first, and ``prompt_length``; ``position``, how many
    tokens were written, and ``drawn``, the probability with which each of them was drawn; ``SEED`` and ``luck``;
    ``vocab_size``, ``piece(token)`` and ``encode(text, special=…)``.
    """

    __slots__ = ()


IDS, DRAWN, ENCODE = Name("ids"), Name("drawn"), Name("encode")
PIECES = Name("[piece(token) for token in range(vocab_size)]")


def recent(window: int, *, include_prompt: bool = True) -> Name:
    """Return the expression of the last ``window`` tokens, 0 for all, with the prompt or without it.

    >>> str(recent(0)), str(recent(64)), str(recent(64, include_prompt=False))
    ('ids', 'ids[-64:]', 'ids[prompt_length:][-64:]')
    """
    return Name(f"ids{'' if include_prompt else '[prompt_length:]'}{f'[-{window}:]' if window else ''}")


@dataclass(frozen=True, slots=True)
class Plain:
    """A call of a plain function.

    Attributes:
        function: the plain function; it is given the logits, then the arguments. Or, where none is needed, the new
            logits as an expression over ``logits``.
        arguments: values, and a Name for each of what belongs to the run.
        before: what is worked out once, in front of the run, by the name under which an argument speaks of it; its
            function is not given logits.
        processor: the processor of transformers that does the same in float64 to the last token, ties included; "" for
            none.
    """

    function: Callable[..., object] | Name
    arguments: tuple[object, ...] = ()
    before: Mapping[str, Plain] = field(default_factory=dict)
    processor: str = ""


def log_probabilities(logits: FloatArray) -> FloatArray:
    """Return the logarithms of the probabilities; −inf for a removed token."""
    above = logits - logits.max()
    log_probs: FloatArray = above - np.log(np.exp(above).sum())
    return log_probs


def probabilities(logits: FloatArray) -> FloatArray:
    """Return the probabilities; 0 for a removed token."""
    weights = np.exp(logits - logits.max())
    probs: FloatArray = weights / weights.sum()
    return probs


def entropy(logits: FloatArray) -> float:
    """Return the entropy in nats."""
    above = (logits - logits.max())[logits > -np.inf]
    weights = np.exp(above)
    return max(0.0, float(np.log(weights.sum()) - (weights * above).sum() / weights.sum()))


def ranked(logits: FloatArray) -> tuple[Order, FloatArray]:
    """Return the token ids, the best first, on a tie the lower id, and the running sum of their probabilities."""
    order, weights = np.argsort(-logits, kind="stable"), np.exp(logits - logits.max())
    return order, np.cumsum(weights[order] / weights.sum())


def only(logits: FloatArray, keep: BoolArray) -> FloatArray:
    """Remove all other tokens; where none would be left, the best one stays."""
    kept = np.where(keep, logits, -np.inf)
    best = logits.argmax()
    if kept.max() == -np.inf:
        kept[best] = logits[best]
    return kept


def only_these(logits: FloatArray, tokens: Sequence[int] | Order) -> FloatArray:
    """Remove all tokens but these."""
    kept = np.full_like(logits, -np.inf)
    kept[tokens] = logits[tokens]
    return kept
