"""How much of a reference a text has in common with it, by character n-grams: chrF and chrF++ of sacrebleu.

Imported only when somebody gives a reference.
"""

from __future__ import annotations

from dataclasses import dataclass

from sacrebleu.metrics.chrf import CHRF

from playground.errors import SettingError
from playground.tokens import check_characters

WORD_ORDERS = (0, 2)  # chrF counts characters only, chrF++ words and pairs of words, too


@dataclass(frozen=True, slots=True)
class Chrf:
    """Two scores from 0 to 100, and how they were computed.

    Attributes:
        chrf: Popović 2015, doi 10.18653/v1/W15-3049: character 1- to 6-grams, recall counted twice.
        chrf_pp: Popović 2017, doi 10.18653/v1/W17-4770: with words and pairs of words.
        signatures: of both, in sacrebleu's own form, for a report.
    """

    chrf: float
    chrf_pp: float
    signatures: tuple[str, str]


def chrf(text: str, reference: str) -> Chrf:
    """Compare one text with one reference.

    Raises:
        SettingError: the reference is empty.
        PromptError: it holds half a surrogate pair.
    """
    if not reference.strip():
        raise SettingError(
            "The reference is empty.", hint="Type the text that the others are compared with.", field="reference"
        )
    check_characters(reference)
    found = [_scored(CHRF(word_order=order), text, reference) for order in WORD_ORDERS]
    return Chrf(found[0][0], found[1][0], (found[0][1], found[1][1]))


def _scored(metric: CHRF, text: str, reference: str) -> tuple[float, str]:
    score = metric.sentence_score(text, [reference]).score
    return float(score), str(metric.get_signature())
