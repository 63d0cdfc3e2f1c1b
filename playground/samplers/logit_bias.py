"""Logit bias and bans."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from playground.errors import SettingError, shown
from playground.samplers.base import Rule, Sampler, Sized, StepContext, Vocabulary, knob
from playground.samplers.knobs import Bias, Biases
from playground.samplers.plain import ENCODE, Name, Plain
from playground.sentences import Sentence
from playground.tokens import visible

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from playground.numerics import Distribution, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class LogitBias(Sampler):
    """Makes single tokens more or less likely by hand, or bans them.

    +1 makes a token about e = 2.7 times as likely while it is rare, −1 as much less; a ban removes it. Text is cut into
    tokens with its spaces: " the" in a sentence and "the" at its beginning are different tokens.

    Formula: logit + bias; a ban is −∞. A list of pairs, each a token id, or a text that is exactly one token, and a
    number from −100 to 100, or false for a ban; several pairs for one token add up. An empty list turns it off. Bans
    that leave no token to draw are refused. transformers calls it sequence_bias, which also takes several tokens, and
    bad_words_ids, which stands behind the penalties; llama.cpp calls it logit_bias, with false for a ban as here.
    Reference: OpenAI, API reference, "logit_bias".

    >>> import numpy as np
    >>> from playground.numerics import Distribution
    >>> four = Distribution.of_logits(np.log([0.5, 0.25, 0.15, 0.1]))
    >>> LogitBias([[0, False], [3, 1.0]]).apply(four, StepContext()).probs.round(3).tolist()
    [0.0, 0.372, 0.223, 0.405]
    """

    key: ClassVar[str] = "logit_bias"
    label: ClassVar[str] = "Logit bias"

    biases: tuple[Bias, ...] = knob(
        Biases("Logit bias", maximum=300, max_chars=100, usual=((" the", -1.0),), off="An empty list turns it off.")
    )

    def note(self, vocabulary: Sized) -> Sentence | None:
        """Look every token up.

        Raises:
            SettingError: a token id is outside the vocabulary, or a text is not one token.
        """
        self._tokens(vocabulary.vocab_size, vocabulary if isinstance(vocabulary, Vocabulary) else None, strict=False)
        return None

    def plain(self) -> Plain:
        """Return the addition, and in front of the run what turns texts into ids."""
        before = {"biases": Plain(token_biases, (ENCODE, self.biases))}
        return Plain(logit_bias, (Name("biases"),), before)

    def apply(self, distribution: Distribution, context: StepContext) -> Distribution:
        """Add what is to be added, then remove what is banned.

        Raises:
            SettingError: as in ``note``, or every token in play is banned.
        """
        if self.is_neutral:
            return distribution
        token_ids, amounts = self._tokens(distribution.vocab_size, context.vocabulary, strict=True)
        banned = np.isinf(amounts)
        mask = distribution.without(token_ids[banned])
        if not mask.any():
            raise SettingError(
                Sentence("Logit bias bans every token that could be drawn at step {step}.", step=context.position + 1),
                hint="Take out a ban, or move it in front of what removes the other tokens.",
                field=self.key,
            )
        return distribution.only(mask).with_added(token_ids[~banned], amounts[~banned])

    def rule(self, before: Distribution, context: StepContext) -> Rule | None:
        """Name the tokens of the list."""
        token_ids, _ = self._tokens(before.vocab_size, context.vocabulary, strict=True)
        return Rule.naming(before, token_ids, "logit + bias")

    def _tokens(self, vocab_size: int, vocabulary: Vocabulary | None, *, strict: bool) -> tuple[IntArray, FloatArray]:
        """Return token ids and amounts, (m,) each; without a vocabulary texts are refused, or left out."""
        found = []
        for token, amount in self.biases:
            if isinstance(token, str) and (vocabulary or strict):
                found.append((self._look_up(token, vocabulary), amount))
            elif isinstance(token, int) and token < vocab_size:
                found.append((token, amount))
            elif isinstance(token, int):
                raise SettingError(
                    Sentence(
                        "Logit bias: there is no token {token:,} among this vocabulary's {count:,}.",
                        token=token,
                        count=vocab_size,
                    ),
                    hint=Sentence("Token ids go from 0 to {last:,}.", last=vocab_size - 1),
                    field=self.key,
                )
        return np.array([token for token, _ in found], dtype=np.int64), np.array([amount for _, amount in found])

    def _look_up(self, text: str, vocabulary: Vocabulary | None) -> int:
        if vocabulary is None:
            raise SettingError(
                Sentence(
                    "Logit bias: “{text}” is a text, and there is no vocabulary here to look it up in.",
                    text=shown(text),
                ),
                hint="Give the token's id.",
                field=self.key,
            )
        pieces = encoded(vocabulary, text)
        if len(pieces) == 1:
            return pieces[0]
        parts = tuple(Sentence("“{text}”", text=visible(vocabulary.piece(token))) for token in pieces[:8])
        raise SettingError(
            Sentence(
                "Logit bias: “{text}” is {count} tokens in this vocabulary: {parts}.",
                text=visible(text.encode()),
                count=len(pieces),
                parts=parts,
            ),
            hint="Give one token a pair, and mind the space that many tokens begin with.",
            field=self.key,
        )


@lru_cache(maxsize=4096)
def encoded(vocabulary: Vocabulary, text: str) -> tuple[int, ...]:
    """Return the tokens of a text, control tokens among them; asked for once, as a bias acts at every step."""
    return tuple(vocabulary.encode(text, special=True))


def token_biases(encode: Callable[..., Sequence[int]], biases: Sequence[Bias]) -> list[tuple[int, float]]:
    """Look up the tokens that are given by their texts."""
    found = []
    for token, amount in biases:
        [number] = encode(token, special=True) if isinstance(token, str) else [token]
        found.append((number, amount))
    return found


def logit_bias(logits: FloatArray, biases: Sequence[tuple[int, float]]) -> FloatArray:
    """Add to the logits of some tokens; −inf bans one."""
    changed = logits.copy()
    for token, amount in biases:
        changed[token] += amount
    if changed.max() == -np.inf:
        raise ValueError("The bans leave no token to draw.")
    return changed
