"""Log-space arithmetic on one logits vector.

- A ``Distribution`` is the tokens still in play with their logits; it is a value, and nothing writes to its arrays.
- Rank order is fixed: the higher logit first, on a tie the lower token id.
- float64 throughout; every sum runs over all tokens in play, never over a shortlist.
"""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

from playground.ranking import (
    FIRST_PREFIX,
    BoolArray,
    Crossing,
    FloatArray,
    IntArray,
    RawArray,
    crossing,
    rank_at,
    rank_prefix,
)
from playground.sentences import Sentence

__all__ = ["BITS_PER_NAT", "BoolArray", "Distribution", "FloatArray", "IntArray", "RawArray", "rank_prefix"]

BITS_PER_NAT = 1 / math.log(2)
DAMAGED = Sentence("logits hold NaN or +inf, or nothing but -inf")


class Distribution:
    """The tokens still in play and their logits.

    Attributes:
        raw: (n,) finite, of the model's float type until something changes a logit; ``logits`` is raw ÷ temperature.
        ids: int64 (n,) token id of each entry, or None when entry i is token i (nothing removed yet).
        ranked: entries stand in rank order; otherwise in order of their ids.
        vocab_size: width of the model's vocabulary.
        temperature: divides the raw logits, when somebody asks for them; the order of tokens does not depend on it.
    """

    def __init__(
        self,
        raw: RawArray,
        *,
        ids: IntArray | None = None,
        ranked: bool = False,
        vocab_size: int | None = None,
        temperature: float = 1.0,
    ) -> None:
        """Keep the arrays; the caller gives them up."""
        self.raw = raw
        self.ids = ids
        self.ranked = ranked
        self.vocab_size = raw.size if vocab_size is None else vocab_size
        self.temperature = temperature

    @classmethod
    def of_logits(cls, logits: RawArray) -> Distribution:
        """Take a model's answer, (vocab,) of any float type; tokens at −inf are not in play.

        Raises:
            FloatingPointError: a NaN or +inf is among them, or every token is at −inf.
        """
        if not math.isfinite(float(logits.max())):
            raise FloatingPointError(DAMAGED)
        if math.isfinite(float(logits.min())):
            return cls(logits)
        ids = np.flatnonzero(logits > -np.inf)
        return cls(logits[ids], ids=ids, vocab_size=logits.size)

    @property
    def size(self) -> int:
        """How many tokens can still be drawn (the support)."""
        return int(self.raw.size)

    @cached_property
    def logits(self) -> FloatArray:
        """float64 (n,), finite."""
        logits = self.raw.astype(np.float64)
        if self.temperature != 1:
            logits /= self.temperature
        return logits

    @cached_property
    def peak(self) -> float:
        """The highest logit."""
        return float(self.logits[0] if self.ranked else self.logits.max())

    @cached_property
    def _weights(self) -> FloatArray:
        """Exponentials of the logits above the peak, (n,)."""
        return np.exp(self.logits - self.peak)  # above the peak, so that large logits lose no digits

    @cached_property
    def _total(self) -> float:
        """Sum of the exponentials."""
        return float(self._weights.sum())

    @property
    def log_total(self) -> float:
        """Natural logarithm of the sum of exp(logit) over all tokens in play."""
        return self.peak + math.log(self._total)

    @cached_property
    def entropy_nats(self) -> float:
        """Shannon entropy in nats."""
        above = self.logits - self.peak
        weighted = float(np.einsum("i,i->", self._weights, above))  # not BLAS: its threads would fight the model's
        return max(0.0, math.log(self._total) - weighted / self._total)

    @property
    def entropy_bits(self) -> float:
        """Shannon entropy in bits."""
        return self.entropy_nats * BITS_PER_NAT

    def log_probs(self, logits: FloatArray) -> FloatArray:
        """Turn logits of this distribution into log-probabilities, in nats."""
        log_probs: FloatArray = (logits - self.peak) - math.log(self._total)
        return log_probs

    def _shares(self, logits: FloatArray) -> FloatArray:
        """Turn logits of this distribution into probabilities."""
        shares: FloatArray = np.exp(logits - self.peak) / self._total
        return shares

    @property
    def token_ids(self) -> IntArray:
        """Token id of each entry, (n,)."""
        return np.arange(self.size) if self.ids is None else self.ids

    @property
    def entry_probs(self) -> FloatArray:
        """Probability of each entry, (n,)."""
        return self.weigh(slice(None))

    @cached_property
    def probs(self) -> FloatArray:
        """Probability of every token of the vocabulary, (vocab,); zero where removed."""
        dense = np.zeros(self.vocab_size)
        dense[self.token_ids] = self.entry_probs
        dense.flags.writeable = False
        return dense

    def locate(self, token_ids: IntArray) -> tuple[IntArray, BoolArray]:
        """Find tokens among the entries: their entry indices, and which of them are in play, both (m,).

        An index means nothing where the token is not in play.
        """
        if self.ids is None:
            inside = (token_ids >= 0) & (token_ids < self.size)
            return np.where(inside, token_ids, 0), inside
        order = self._by_id
        entries = np.minimum(np.searchsorted(self.ids, token_ids, sorter=order), self.ids.size - 1)
        if order is not None:
            entries = order[entries]
        return entries, self.ids[entries] == token_ids

    @cached_property
    def _by_id(self) -> IntArray | None:
        """Entries in the order of their ids, (n,); None where they stand so."""
        return np.argsort(self.ids) if self.ranked and self.ids is not None else None

    def probs_of(self, token_ids: IntArray) -> FloatArray:
        """Probability of each given token, (m,); zero where removed."""
        entries, inside = self.locate(token_ids)
        return np.where(inside, self.weigh(entries), 0.0)

    def logits_of(self, token_ids: IntArray) -> tuple[FloatArray, BoolArray]:
        """Return the logit of each given token, and whether it is in play, (m,) each; else the logit means nothing."""
        entries, inside = self.locate(token_ids)
        return self.raw[entries].astype(np.float64) / self.temperature, inside

    def at_temperature(self, temperature: float) -> Distribution:
        """Return the same tokens with their logits divided by ``temperature``, above 0."""
        return self._part(self.raw, self.ids, ranked=self.ranked, temperature=self.temperature * temperature)

    def with_logits(self, logits: FloatArray) -> Distribution:
        """Return the same tokens under new logits, (n,), in whose order nothing is promised."""
        if not self.ranked or self.ids is None:
            return self._part(logits, self.ids, ranked=False, temperature=1.0)
        order = np.argsort(self.ids)
        return self._part(logits[order], self.ids[order], ranked=False, temperature=1.0)

    def with_added(self, token_ids: IntArray, amounts: FloatArray) -> Distribution:
        """Return the same tokens with amounts, (m,), added to the logits of some; itself where that changes nothing."""
        entries, inside = self.locate(token_ids)
        inside &= amounts != 0
        if self.size == 1 or not inside.any():
            return self
        logits = self.logits.copy()
        np.add.at(logits, entries[inside], amounts[inside])
        return self.with_logits(logits)

    def without(self, token_ids: IntArray) -> BoolArray:
        """Return which entries are none of these tokens, (n,), for ``only``."""
        entries, inside = self.locate(token_ids)
        mask = np.ones(self.size, dtype=np.bool_)
        mask[entries[inside]] = False
        return mask

    def only(self, mask: BoolArray) -> Distribution:
        """Keep the entries that a mask, (n,), names; where it names none the best one, where it names all itself."""
        kept = np.flatnonzero(mask)
        if self.size in {kept.size, 1}:
            return self
        if not kept.size:
            return self.best(1)
        part = self._part(self.raw[kept], kept if self.ids is None else self.ids[kept], ranked=self.ranked)
        if "_weights" in vars(self) and part.raw.max() == self.raw.max():
            part._weights = self._weights[kept]  # noqa: SLF001 (the same peak, so the same bits without exp)
        return part

    def by_id(self) -> Distribution:
        """Return the same tokens in the order of their ids; itself where they stand so."""
        if not self.ranked:
            return self
        order = np.argsort(self.token_ids)
        return self._part(self.raw[order], self.token_ids[order], ranked=False)

    def best(self, count: int) -> Distribution:
        """Keep the ``count`` best tokens, in rank order."""
        if self.ranked:
            if count >= self.size:
                return self
            return self._part(self.raw[:count], None if self.ids is None else self.ids[:count], ranked=True)
        chosen = rank_prefix(self.raw, count)
        return self._part(self.raw[chosen], chosen if self.ids is None else self.ids[chosen], ranked=True)

    def _part(
        self, raw: RawArray, ids: IntArray | None, *, ranked: bool, temperature: float | None = None
    ) -> Distribution:
        temperature = self.temperature if temperature is None else temperature
        return Distribution(raw, ids=ids, ranked=ranked, vocab_size=self.vocab_size, temperature=temperature)

    def cover(self, mass: float) -> tuple[Distribution, FloatArray]:
        """Rank just enough tokens for their probabilities to add up to ``mass``.

        Returns:
            The ranked prefix and its running sum, both (m,). The sum may stay below ``mass`` only where the prefix is
            everything.
        """
        count = FIRST_PREFIX
        while True:
            prefix = self.best(min(count, self.size))
            running = np.cumsum(self._shares(prefix.logits))  # (m,)
            if running[-1] >= mass or prefix.size == self.size:
                return prefix, running
            count *= 16

    def reach(self, mass: float) -> Crossing:
        """Find where the running sum of probabilities, from the best token down, reaches ``mass``."""
        if self.ranked:
            return Crossing(None, np.arange(self.size), np.cumsum(self.entry_probs))
        return crossing(self.raw, self.weigh, mass)

    def first(self, found: Crossing, count: int) -> Distribution:
        """Keep what is above a crossing and ``count`` entries of its edge; one token at least."""
        mask = np.zeros(self.size, dtype=np.bool_) if found.above is None else found.above.copy()
        mask[found.edge[: count if found.above is not None else max(1, count)]] = True
        return self.only(mask)

    def weigh(self, part: IntArray | slice) -> FloatArray:
        """Return the probabilities of some entries, (m,)."""
        shares: FloatArray = self._weights[part] / self._total
        return shares

    def mass_outside(self, part: Distribution) -> float:
        """Return the probability of the tokens that a part of this distribution leaves out.

        They are summed themselves: what is small is not lost beside 1.
        """
        if part.size == self.size:
            return 0.0
        rest = self._weights.copy()
        rest[part.token_ids if self.ids is None else self.locate(part.token_ids)[0]] = 0.0
        return float(rest.sum()) / self._total

    def rank_of(self, token_id: int) -> int:
        """Return the rank of a token; the best has rank 1, and those that are not in play come last, by id."""
        entries, inside = self.locate(np.array([token_id]))
        if self.ids is not None and not inside[0]:
            return self.size + token_id - int(np.count_nonzero(self.ids < token_id)) + 1
        entry = int(entries[0])
        return entry + 1 if self.ranked else rank_at(self.raw, entry)
