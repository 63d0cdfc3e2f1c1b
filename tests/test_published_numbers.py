"""Numbers that others have published, computed again here."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from playground.chain import trace_chain
from playground.samplers import all_samplers
from playground.samplers.base import StepContext
from playground.samplers.dry import Dry
from playground.samplers.frequency_penalty import FrequencyPenalty
from playground.samplers.presence_penalty import PresencePenalty
from playground.samplers.repetition_penalty import RepetitionPenalty
from playground.samplers.temperature import Temperature

if TYPE_CHECKING:
    from playground.samplers.base import Sampler

TENTHS = [0.1, 0.2, 0.3, 0.4]
FIFTHS = [0.2] * 5


def final(probs: list[float], *chain: Sampler, history: tuple[int, ...] = ()) -> Any:  # noqa: ANN401 (an approx)
    """Return what a chain makes of probabilities."""
    with np.errstate(divide="ignore"):
        logits = np.log(probs)
    return trace_chain(logits, chain, StepContext(history)).final.probs.tolist()


@pytest.mark.parametrize(
    ("key", "value", "probs", "expected"),
    [
        ("temperature", 0, TENTHS, [0, 0, 0, 1]),
        ("top_k", 1, TENTHS, [0, 0, 0, 1]),
        ("top_k", 3, TENTHS, [0, 0.22222, 0.33333, 0.44444]),
        ("top_p", 0, TENTHS, [0, 0, 0, 1]),
        ("top_p", 0.8, TENTHS, [0, 0.22222, 0.33333, 0.44444]),
        ("min_p", 0.24, TENTHS, TENTHS),
        ("min_p", 0.26, TENTHS, [0, 0.2 / 0.9, 0.3 / 0.9, 0.4 / 0.9]),
        ("min_p", 0.49, TENTHS, [0, 0.2 / 0.9, 0.3 / 0.9, 0.4 / 0.9]),
        ("min_p", 0.51, TENTHS, [0, 0, 0.3 / 0.7, 0.4 / 0.7]),
        ("min_p", 0.74, TENTHS, [0, 0, 0.3 / 0.7, 0.4 / 0.7]),
        ("min_p", 0.76, TENTHS, [0, 0, 0, 1]),
        ("min_p", 1.0, TENTHS, [0, 0, 0, 1]),
        ("xtc", {"probability": 1, "threshold": 0.09}, TENTHS, [1, 0, 0, 0]),
        ("xtc", {"probability": 1, "threshold": 0.19}, TENTHS, [1 / 3, 2 / 3, 0, 0]),
        ("xtc", {"probability": 1, "threshold": 0.29}, TENTHS, [1 / 6, 2 / 6, 3 / 6, 0]),
        ("xtc", {"probability": 1, "threshold": 0.39}, TENTHS, TENTHS),
        ("typical_p", 0.5, [0.97, 0.01, 0.01, 0.01], [1, 0, 0, 0]),
        ("typical_p", 0.5, [0.4, 0.2, 0.2, 0.2], [0, 1 / 3, 1 / 3, 1 / 3]),
        ("top_n_sigma", 1, TENTHS, [0, 0, 0.428571, 0.571429]),
        ("top_n_sigma", 3, TENTHS, TENTHS),
    ],
)
def test_llama_cpps_table(key: str, value: object, probs: list[float], expected: list[float]) -> None:
    """The table of llama.cpp's tests/test-sampling.cpp; rows on an exact boundary of top-p are left out."""
    assert final(probs, all_samplers()[key].from_value(value)) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("history", "repeat", "frequency", "presence", "expected"),
    [
        ((0,), 50.0, 0.0, 0.0, [0, 0.25, 0.25, 0.25, 0.25]),
        ((0, 1, 2, 0, 0), 50.0, 0.0, 0.0, [0, 0, 0, 0.5, 0.5]),
        ((0,), 1.0, 5.0, 5.0, [0.000011, 0.249997, 0.249997, 0.249997, 0.249997]),
        ((0, 1, 2), 1.0, 5.0, 5.0, [0.000023, 0.000023, 0.000023, 0.499966, 0.499966]),
        ((0, 1, 2, 0, 0), 1.0, 5.0, 5.0, [0.0, 0.000023, 0.000023, 0.499977, 0.499977]),
    ],
)
def test_llama_cpps_table_of_penalties(
    history: tuple[int, ...], repeat: float, frequency: float, presence: float, expected: list[float]
) -> None:
    """The same file. Our repetition penalty ends at 10, so that 50 is 10 and then 5."""
    repetition = (RepetitionPenalty(10.0), RepetitionPenalty(5.0)) if repeat == 50 else ()
    chain = (*repetition, FrequencyPenalty(frequency), PresencePenalty(presence))

    assert final(FIFTHS, *chain, history=history) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("history", "multiplier", "allowed_length", "expected"),
    [
        ((0, 1), 1.0, 2, [0.25] * 4),
        ((0, 1, 2, 0, 1), 1.0, 2, [0.296923, 0.296923, 0.109232, 0.296923]),
        ((0, 1, 2, 0, 1), 2.0, 2, [0.241818, 0.241818, 0.032727, 0.241818, 0.241818]),
        ((0, 1, 2, 3, 4, 0, 1), 1.0, 4, FIFTHS),
    ],
)
def test_llama_cpps_table_of_dry(
    history: tuple[int, ...], multiplier: float, allowed_length: int, expected: list[float]
) -> None:
    """The same file, base 1.1."""
    dry = Dry(multiplier, base=1.1, allowed_length=allowed_length)

    assert final([1 / len(expected)] * len(expected), dry, history=history) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("key", "value", "probs", "kept"),
    [
        ("top_p", 0.8, [0.3, 0.1, 0.1, 0.5], [0.3, 0, 0, 0.5]),
        ("top_p", 0.8, [0.15, 0.3, 0.3, 0.25], [0, 0.3, 0.3, 0.25]),
        ("min_p", 0.05, [0.9, 0.0274, 0.047, 0.0274], [0.9, 0, 0.047, 0]),
        ("min_p", 0.05, [0.15, 0.3, 0.3, 0.25], [0.15, 0.3, 0.3, 0.25]),
        ("min_p", 0.05, [0.97, 0.01, 0.01, 0.01], [0.97, 0, 0, 0]),
        ("typical_p", 0.5, [0.97, 0.01, 0.01, 0.01], [0.97, 0, 0, 0]),
        ("typical_p", 0.5, [0.4, 0.2, 0.2, 0.2], [0, 0.2, 0.2, 0.2]),
        ("epsilon_cutoff", 0.1, [0.87, 0.099, 0.001, 0.03], [0.87, 0, 0, 0]),
        ("epsilon_cutoff", 0.1, [0.4, 0.299, 0.101, 0.2], [0.4, 0.299, 0.101, 0.2]),
        ("eta_cutoff", 0.0625, [0.0, 0.1, 0.8, 0.1], [0, 0.1, 0.8, 0.1]),  # √0.0625 × e^−H = 0.1320 there
        ("eta_cutoff", 0.0625, [0.01, 0.04, 0.9, 0.05], [0, 0, 0.9, 0]),  # and 0.1644 here
    ],
)
def test_transformers_table(key: str, value: float, probs: list[float], kept: list[float]) -> None:
    """The tables of transformers' tests/generation/test_logits_process.py, made to add up to 1."""
    expected = [prob / sum(kept) for prob in kept]

    assert final(probs, all_samplers()[key].from_value(value)) == pytest.approx(expected, abs=1e-9)


def test_llama_cpps_manual_on_min_p() -> None:
    """Its example: p = 0.05, the best token at 0.9, and what is below 0.045 is filtered out."""
    found = final([0.9, 0.0451, 0.0449, 0.01], all_samplers()["min_p"].from_value(0.05))

    assert found == pytest.approx([0.9 / 0.9451, 0.0451 / 0.9451, 0, 0])


def test_llama_cpps_manual_on_dynamic_temperature() -> None:
    """The temperature lies in [temperature − range, temperature + range]: 0.8 ± 0.5 is 0.3 to 1.3."""
    it = Temperature(0.8, range=0.5)
    sure, lost = (trace_chain(np.array(logits), (), StepContext()).final for logits in ([0.0, -700.0], [0.0, 0.0]))

    assert (it.at(sure), it.at(lost)) == pytest.approx((0.3, 1.3))


def test_openais_formula_of_penalties() -> None:
    """mu[j] − c[j] × alpha_frequency − float(c[j] > 0) × alpha_presence, OpenAI's API guide, "Parameter details"."""
    mu, counts = np.array([1.5, 0.25, -1.0]), np.array([3, 1, 0])
    expected = mu - counts * 0.4 - (counts > 0) * 0.6

    context = StepContext((0, 1, 0, 0))
    logits = trace_chain(mu, (FrequencyPenalty(0.4), PresencePenalty(0.6)), context).final.logits

    assert logits.tolist() == pytest.approx(expected.tolist())


@pytest.mark.parametrize(("length", "penalty"), [(2, 0.8), (3, 1.4), (4, 2.45), (5, 4.2875)])
def test_drys_formula(length: int, penalty: float) -> None:
    """It is multiplier × base ^ (n − allowed length) with the author's 0.8, 1.75 and 2: it begins with 0.8."""
    passage = tuple(range(1, length + 1))
    context = StepContext((*passage, 0, *passage))

    logits = trace_chain(np.zeros(8), (Dry(0.8, base=1.75, allowed_length=2),), context).final.logits

    assert logits[0] == pytest.approx(-penalty)
    assert math.isclose(logits[1:].sum(), 0, abs_tol=1e-12)
