"""Settings, logits and places in a run for hypothesis to draw from; and a vocabulary of single letters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import strategies as st

from playground.chain import Trace, trace_chain
from playground.samplers import all_samplers
from playground.samplers.base import Knob, Listing, Sampler, StepContext
from playground.samplers.dry import Dry
from playground.samplers.knobs import Texts
from playground.samplers.logit_bias import LogitBias
from playground.samplers.top_n_sigma import TopNSigma

if TYPE_CHECKING:
    from playground.numerics import FloatArray

SAMPLERS = all_samplers()
VOCAB = 24
PIECES = [bytes([code]) for code in range(ord("a"), ord("a") + VOCAB - 3)] + [b"\n", b":", b"a:"]


@dataclass(frozen=True)
class Letters:
    """Tokens that are letters, a line break, a colon and, the last, two characters at once."""

    vocab_size: int = VOCAB

    def piece(self, token_id: int) -> bytes:
        """Return the bytes of a token."""
        return PIECES[token_id]

    def encode(self, text: str, *, special: bool) -> tuple[int, ...]:  # noqa: ARG002 (there are no control tokens)
        """Take one character at a time."""
        return tuple(PIECES.index(char.encode()) for char in text)


LETTERS = Letters()
NOWHERE = StepContext(vocabulary=LETTERS)
FOUR = np.log([0.5, 0.25, 0.15, 0.1])


def stops_of(spec: Knob | Listing) -> st.SearchStrategy[Any]:
    """Draw a place where a knob's control can stand; an int knob also stands where its range ends."""
    if isinstance(spec, Texts):
        return st.sampled_from([(), ("\n", ":"), ("a:",), ("b", "a:b")])
    if isinstance(spec, Listing):  # token 0 is in every vocabulary and can always be drawn at first
        return st.sampled_from([(), ((0, 2.0),), ((0, -100.0), ("a", 0.5)), (("a", 0.0),)])
    if spec.kind is bool:
        return st.booleans()
    start = spec.slider_start
    steps = st.integers(0, round((spec.slider_maximum - start) / spec.step))
    places = steps.map(lambda step: spec.kind(round(start + step * spec.step, 6)))
    return places | st.sampled_from([spec.neutral, spec.usual, spec.kind(spec.maximum)])


def settings_of(key: str) -> st.SearchStrategy[Sampler]:
    """Draw one sampler with any numbers."""
    knobs = {name: stops_of(spec) for name, spec in SAMPLERS[key].knobs().items()}
    if key == "temperature":  # between 0 and 0.001 there is a gap, and an exponent without a range is not worth much
        knobs["range"] = st.just(0.0) | knobs["range"]
    return st.builds(SAMPLERS[key], **knobs)


def ordinary(sampler: Sampler) -> bool:
    """Tell whether a setting decides nothing by a tie, by rounding or by the name of a token.

    A penalty of 10³⁸ makes all that it falls on equal. Of two tokens the worse lies exactly 2σ below the better.
    """
    if isinstance(sampler, Dry):
        return sampler.multiplier <= 2 and sampler.base <= 4 and not sampler.breakers
    if isinstance(sampler, TopNSigma):
        return sampler.top_n_sigma != 2
    return not isinstance(sampler, LogitBias)


ANY_SAMPLER = st.sampled_from(list(SAMPLERS)).flatmap(settings_of)
# Chains of all samplers hold few tokens; most are short.
KEYS = st.lists(st.sampled_from(list(SAMPLERS)), unique=True, max_size=5) | st.permutations(list(SAMPLERS))
CHAINS = KEYS.flatmap(lambda keys: st.tuples(*map(settings_of, keys)))
ORDINARY_CHAINS = CHAINS.map(lambda chain: tuple(sampler for sampler in chain if ordinary(sampler)))
# No two are equal, and no penalty of two digits makes two equal; no running sum lands on a top-p of two digits.
DISTINCT = st.lists(st.integers(1, 500), min_size=1, max_size=VOCAB, unique=True).map(lambda some: 30 * np.sin(some))
LOGITS = st.lists(st.floats(-100, 100, width=32) | st.sampled_from([0.0, 5.0, -np.inf]), min_size=1, max_size=40).map(
    lambda some: np.array([1.0, *some], dtype=np.float32)
)


@st.composite
def contexts(draw: st.DrawFn) -> StepContext:
    """Draw a place in a run over token ids below ``VOCAB``, of which a model may have fewer."""
    history = draw(st.lists(st.integers(0, VOCAB - 1), max_size=12) | st.lists(st.integers(0, 2), max_size=12))
    written = draw(st.integers(0, len(history)))
    return StepContext(
        history=tuple(history),
        prompt_length=len(history) - written,
        position=written,
        seed=draw(st.integers(0, 2**32 - 1)),
        final_probs=tuple(draw(st.lists(st.floats(0, 1), min_size=written, max_size=written))),
        vocabulary=LETTERS,
    )


def renamed(context: StepContext, name: dict[int, int]) -> StepContext:
    """Return the same place under other token names."""
    return replace(context, history=tuple(name.get(token, token) for token in context.history))


def kept(trace: Trace) -> set[int]:
    """Return the tokens that can still be drawn."""
    return set(trace.final.token_ids.tolist())


def keeps(*chain: Sampler, logits: FloatArray = FOUR, context: StepContext = NOWHERE) -> list[int]:
    """Return the tokens that a chain leaves, by id."""
    return sorted(kept(trace_chain(logits, chain, context)))


def after(sampler: Sampler, logits: list[float], context: StepContext = NOWHERE) -> list[float]:
    """Return the logits of all tokens after one sampler that removes none."""
    trace = trace_chain(np.array(logits), (sampler,), context)
    changed: list[float] = trace.final.by_id().logits.tolist()
    return changed
