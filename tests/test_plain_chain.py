"""The chain takes shortcuts; done the long way, with every token sorted at every step, it gives the same answer."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from playground.chain import draw, luck, trace_chain
from playground.numerics import Distribution
from playground.samplers import all_samplers
from playground.samplers.base import StepContext

if TYPE_CHECKING:
    from collections.abc import Callable

    from playground.numerics import FloatArray, RawArray
    from playground.samplers.base import Sampler


@dataclass(frozen=True)
class Ranked:
    """All tokens in play, the best first, on a tie the lower id."""

    ids: list[int]
    logits: list[float]

    @classmethod
    def of(cls, logits: dict[int, float]) -> Ranked:
        """Sort everything."""
        ids = sorted(logits, key=lambda token: (-logits[token], token))
        return cls(ids, [logits[token] for token in ids])

    @property
    def log_probs(self) -> FloatArray:
        """Log-probabilities, in rank order."""
        shifted = np.array(self.logits) - self.logits[0]
        log_probs: FloatArray = shifted - math.log(math.fsum(np.exp(shifted).tolist()))
        return log_probs

    @property
    def entropy(self) -> float:
        """In nats."""
        log_probs = self.log_probs
        return -math.fsum((np.exp(log_probs) * log_probs).tolist())

    def take(self, places: list[int]) -> Ranked:
        """Keep these places, in rank order; the best where there is none."""
        return Ranked([self.ids[at] for at in places or [0]], [self.logits[at] for at in places or [0]])

    def where(self, keep: Any) -> Ranked:  # noqa: ANN401 (an array of bool)
        """Keep the places where this is true."""
        return self.take(np.flatnonzero(keep).tolist())

    def changed(self, change: Callable[[int, float], float]) -> Ranked:
        """Give every token a new logit, and sort everything again."""
        if len(self.ids) == 1:  # nothing can move against it
            return self
        return Ranked.of({token: change(token, logit) for token, logit in zip(self.ids, self.logits, strict=True)})


def until(weights: FloatArray, mass: float) -> int:
    """Count places until the running sum reaches a mass, one by one."""
    running = 0.0
    for count, weight in enumerate(weights.tolist(), 1):
        running += weight
        if running >= mass:
            return count
    return len(weights)


def within(weights: FloatArray, mass: float) -> int:
    """Count places while the running sum does not pass a mass; at least one."""
    running = 0.0
    for count, weight in enumerate(weights.tolist()):
        running += weight
        if running > mass:
            return max(1, count)
    return len(weights)


def temperature(it: Any, now: Ranked, context: StepContext) -> Ranked:  # noqa: ANN401, ARG001 (one signature for all)
    """Divide; 0 is greedy; one token alone is left as it is."""
    at = it.temperature
    if len(now.ids) == 1:
        return now
    if it.range:
        low = max(0.0, at - it.range)
        at = low + (at + it.range - low) * (now.entropy / math.log(len(now.ids))) ** it.exponent
    return now.changed(lambda _, logit: logit / at) if at >= 0.001 else now.take([0])


def typical_p(it: Any, now: Ranked, context: StepContext) -> Ranked:  # noqa: ANN401, ARG001 (one signature for all)
    """Sort by the distance from the entropy, then by id."""
    log_probs = now.log_probs
    distances = np.abs(log_probs + now.entropy)
    order = sorted(range(len(now.ids)), key=lambda at: (distances[at], now.ids[at]))
    return now.take(sorted(order[: until(np.exp(log_probs[order]), it.typical_p)]))


def xtc(it: Any, now: Ranked, context: StepContext) -> Ranked:  # noqa: ANN401 (any sampler)
    """Cut the head off, but for its last token."""
    good = [at for at, log_prob in enumerate(now.log_probs.tolist()) if log_prob >= math.log(it.threshold)]
    acts = luck(context.seed, context.position, "xtc") < it.probability and len(good) > 1
    return now.take(list(range(len(good) - 1, len(now.ids)))) if acts else now


def seen_by(it: Any, context: StepContext) -> Counter[int]:  # noqa: ANN401 (any sampler)
    """Count the tokens in a penalty's window."""
    history = list(context.history[0 if it.include_prompt else context.prompt_length :])
    return Counter(history[-it.window :] if it.window else history)


def repetition(it: Any, now: Ranked, context: StepContext) -> Ranked:  # noqa: ANN401 (any sampler)
    """Multiply below 0, divide above."""
    seen = seen_by(it, context)
    penalty: float = it.penalty

    def change(token: int, logit: float) -> float:
        if token not in seen:
            return logit
        return logit * penalty if logit < 0 else logit / penalty

    return now.changed(change)


def no_repeat(it: Any, now: Ranked, context: StepContext) -> Ranked:  # noqa: ANN401 (any sampler)
    """Remove what would complete a run for the second time."""
    history, size = context.history, it.size
    runs = {history[at : at + size] for at in range(len(history) - size + 1)}
    start = history[len(history) - size + 1 :]
    return now.where([(*start, token) not in runs for token in now.ids])


def dry(it: Any, now: Ranked, context: StepContext) -> Ranked:  # noqa: ANN401 (any sampler)
    """Compare the ends of the text place by place; there are no breakers here."""
    recent = context.history[-it.window :] if it.window else context.history
    longest: Counter[int] = Counter()
    for place in range(1, len(recent)):
        length = 0
        while length < place and recent[place - 1 - length] == recent[-1 - length]:
            length += 1
        longest[recent[place]] = max(longest[recent[place]], length)
    fall = {
        token: it.multiplier * it.base ** (n - it.allowed_length)
        for token, n in longest.items()
        if n >= it.allowed_length
    }
    return now.changed(lambda token, logit: logit - fall.get(token, 0.0)) if len(recent) > it.allowed_length else now


def bias(it: Any, now: Ranked, context: StepContext) -> Ranked:  # noqa: ANN401, ARG001 (one signature for all)
    """Add; what several pairs say of a token adds up."""
    amounts: Counter[int] = Counter()
    for token, amount in it.biases:
        amounts[token] += amount
    return now.changed(lambda token, logit: logit + amounts[token])


def mirostat(it: Any, now: Ranked, context: StepContext) -> Ranked:  # noqa: ANN401 (any sampler)
    """Walk through the run, token by token."""
    cut = 2 * it.tau
    for prob in context.final_probs:
        cut -= it.eta * (-math.log2(prob) - it.tau) if prob else 0.0
    return now.where(-now.log_probs / math.log(2) <= cut)


PLAIN: dict[str, Callable[[Any, Ranked, StepContext], Ranked]] = {
    "temperature": temperature,
    "top_k": lambda it, now, _: now.take(list(range(min(it.top_k, len(now.ids))))),
    "top_p": lambda it, now, _: now.take(
        list(range((until if it.keep_crossing else within)(np.exp(now.log_probs), it.top_p)))
    ),
    "min_p": lambda it, now, _: now.where(np.array(now.logits) >= now.logits[0] + math.log(it.min_p)),
    "typical_p": typical_p,
    "top_n_sigma": lambda it, now, _: now.where(now.logits >= now.logits[0] - it.top_n_sigma * np.std(now.logits)),
    "top_h": lambda it, now, _: now.take(
        list(range(within(-np.exp(now.log_probs) * now.log_probs, it.top_h * now.entropy)))
    ),
    "epsilon_cutoff": lambda it, now, _: now.where(np.exp(now.log_probs) >= it.epsilon_cutoff),
    "eta_cutoff": lambda it, now, _: now.where(
        np.exp(now.log_probs) >= min(it.eta_cutoff, math.sqrt(it.eta_cutoff) * math.exp(-now.entropy))
    ),
    "xtc": xtc,
    "mirostat": mirostat,
    "repetition_penalty": repetition,
    "presence_penalty": lambda it, now, at: now.changed(
        lambda token, logit: logit - it.penalty * (token in seen_by(it, at))
    ),
    "frequency_penalty": lambda it, now, at: now.changed(
        lambda token, logit: logit - it.penalty * seen_by(it, at)[token]
    ),
    "no_repeat_ngram": no_repeat,
    "dry": dry,
    "logit_bias": bias,
}


def some_sampler(key: str, rng: np.random.Generator) -> Sampler:
    """Draw settings that act, off every boundary."""
    window = {"window": int(rng.choice([0, 5, 40])), "include_prompt": bool(rng.random() < 0.5)}
    knobs: dict[str, dict[str, Any]] = {
        "temperature": {"temperature": rng.choice([0.0, *rng.uniform(0.1, 3, 9)]), "range": rng.choice([0.0, 0.7713])},
        "top_k": {"top_k": int(rng.choice([1, 3, 40, 300, 5000]))},
        "top_p": {"top_p": rng.uniform(), "keep_crossing": bool(rng.random() < 0.7)},
        "min_p": {"min_p": math.exp(-rng.uniform(0, 12))},
        "typical_p": {"typical_p": rng.uniform()},
        "top_n_sigma": {"top_n_sigma": rng.uniform(0.2, 3)},
        "top_h": {"top_h": rng.uniform()},
        "epsilon_cutoff": {"epsilon_cutoff": math.exp(-rng.uniform(0.5, 12))},
        "eta_cutoff": {"eta_cutoff": math.exp(-rng.uniform(0.5, 12))},
        "xtc": {"probability": rng.uniform(0.5, 1), "threshold": math.exp(-rng.uniform(1, 9))},
        "mirostat": {"tau": rng.uniform(0.5, 9), "eta": rng.uniform(0, 0.3)},
        "repetition_penalty": {"penalty": rng.uniform(0.5, 2), **window},
        "presence_penalty": {"penalty": rng.uniform(-2, 2), **window},
        "frequency_penalty": {"penalty": rng.uniform(-1, 2), **window},
        "no_repeat_ngram": {"size": int(rng.integers(1, 5))},
        "dry": {
            "multiplier": rng.uniform(0.1, 2),
            "base": rng.uniform(1, 2),
            "allowed_length": int(rng.integers(0, 4)),
            "window": int(rng.choice([0, 5, 40])),
        },
        "logit_bias": {"biases": [(int(token), rng.normal()) for token in rng.integers(0, 2, 3)]},
    }
    return all_samplers()[key](
        **{name: getattr(value, "item", lambda v=value: v)() for name, value in knobs[key].items()}
    )


def some_logits(size: int, rng: np.random.Generator) -> RawArray:
    """Draw logits as a model answers: a hump with a few far out, or flat; some with ties, some with tokens at −inf."""
    logits = rng.normal(0, rng.choice([0.01, 1, 3]), size)
    logits[rng.integers(0, size, 1 + size // 50)] += rng.exponential(4)
    if rng.random() < 0.3:
        logits = np.round(logits * 2) / 2 + rng.uniform()
    if rng.random() < 0.3:
        logits[2:][rng.random(size - 2) < 0.4] = -np.inf
    return logits.astype(rng.choice(["float16", "float32", "float64"]))


def some_place(size: int, rng: np.random.Generator) -> StepContext:
    """Draw a history that repeats itself."""
    history = rng.integers(0, min(size, int(rng.choice([3, 30]))), int(rng.integers(0, 80))).tolist()
    written = int(rng.integers(0, len(history) + 1))
    probs = tuple(np.where(rng.random(written) < 0.1, 0.0, rng.uniform(0, 1, written)).tolist())
    return StepContext(tuple(history), len(history) - written, written, int(rng.integers(0, 2**32)), probs)


def plainly(logits: RawArray, chain: tuple[Sampler, ...], context: StepContext) -> Ranked:
    """Run a chain the long way."""
    now = Ranked.of({token: logit for token, logit in enumerate(logits.astype(np.float64).tolist()) if logit > -np.inf})
    for sampler in chain:
        now = PLAIN[sampler.key](sampler, now, context)
    return now


def agree(logits: RawArray, chain: tuple[Sampler, ...], context: StepContext) -> int:
    """Check the quick way against the long one; return how many tokens stayed."""
    plain = plainly(logits, chain, context)
    final = trace_chain(logits, chain, context).final
    order = final.best(final.size)

    assert order.token_ids.tolist() == plain.ids, chain
    assert order.logits.tolist() == pytest.approx(plain.logits, rel=1e-13, abs=1e-13), chain
    assert order.entry_probs == pytest.approx(np.exp(plain.log_probs), abs=1e-12), chain
    return len(plain.ids)


@pytest.mark.parametrize("key", all_samplers())
def test_each_sampler_is_what_it_is_the_long_way(key: str) -> None:
    """80 settings on 80 vectors of 2 to 3,000 tokens: the same tokens in the same order, the same probabilities."""
    rng = np.random.default_rng([17, *key.encode()])
    stayed = set()
    for _ in range(80):
        size = int(rng.choice([2, 3, 10, 100, 3000]))
        stayed.add(agree(some_logits(size, rng), (some_sampler(key, rng),), some_place(size, rng)))

    assert len(stayed) > 3


def test_whole_chains_are_what_they_are_the_long_way() -> None:
    """400 chains of up to all samplers in any order."""
    rng = np.random.default_rng(1234)
    stayed: Counter[bool] = Counter()
    for _ in range(400):
        size = int(rng.choice([2, 10, 300, 1000]))
        keys = rng.permutation(list(all_samplers()))[: rng.integers(2, 18)]
        stayed[
            agree(some_logits(size, rng), tuple(some_sampler(key, rng) for key in keys), some_place(size, rng)) > 1
        ] += 1

    assert stayed[True] > 100


@pytest.mark.parametrize("size", [49_152, 151_936, 262_144])
def test_large_vocabularies_are_what_they_are_the_long_way(size: int) -> None:
    """The shortcuts are taken only here: chains of four on a peaked and a flat answer."""
    rng = np.random.default_rng(size)
    for chain in (("repetition_penalty", "temperature", "top_k", "top_p"), ("typical_p", "top_p", "top_h", "xtc")):
        agree(some_logits(size, rng), tuple(some_sampler(key, rng) for key in chain), some_place(size, rng))


@pytest.mark.parametrize("size", [10, 5000, 151_936])
@pytest.mark.parametrize("spread", [0.01, 3.0])
def test_running_sums_are_those_of_a_full_sort_bit_for_bit(size: int, spread: float) -> None:
    """The arithmetic is the same, so not one bit may differ: shares, their running sum, and the token drawn."""
    logits = np.random.default_rng(size).normal(0, spread, size)
    whole = Distribution.of_logits(logits)
    order = np.lexsort((np.arange(size), -logits))
    running = np.cumsum(whole.entry_probs[order])

    for mass in (0.1, 0.5, 0.95, 1.0):
        prefix, found = Distribution.of_logits(logits).cover(mass)
        assert prefix.token_ids.tolist() == order[: prefix.size].tolist()
        assert found.tolist() == running[: prefix.size].tolist()
    for at in np.linspace(0, 1, 20, endpoint=False).tolist():
        assert draw(whole, at) == order[np.searchsorted(running, at, side="right")]
