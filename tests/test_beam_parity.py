"""A search returns the sequences and scores of transformers' ``generate(num_beams=…)``, over many random models.

Each case draws weights, a prompt, end tokens from among what the model writes, and settings. Both sides compute in
float32 and their last bits differ, so a case in which two sums are as close as that decides nothing; there are few.
Diverse groups, which transformers 5 has no more, are held against a slow search written by their published definition.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from transformers import GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

from playground import backends
from playground.backends.toy import EOS_PIECE, ToyModel
from playground.beam import BeamParams, BeamStep, Hypothesis, search
from playground.expansion import Rules, expand
from playground.hypotheses import SearchEnd
from playground.samplers.base import StepContext
from playground.samplers.luck import luck
from playground.samplers.plain import log_probabilities
from tests.tiny_models import VOCAB, tiny

if TYPE_CHECKING:
    from collections.abc import Sequence

    from playground.backends.base import LoadedModel

KINDS = {"llama": 120, "qwen2": 40, "gpt2": 60, "gemma3": 40, "phi": 40}  # and how many cases of each
TABLES, SAMPLED, GROUPED = 150, 100, 60
WORDS = 90  # of a random table; more than are ever considered at a step, 4 × 16
CLOSE = 1e-5  # sums that are as close as that may change places with the last bit of a logit
ALMOST_ALL = 0.97
PENALTIES = ("repetition_penalty", "no_repeat_ngram")
NAMES = {"no_repeat_ngram": "no_repeat_ngram_size"}  # what transformers calls a setting otherwise
CUTS = {
    "temperature": (0.6, 1.5),
    "top_k": (12, 40),
    "top_p": (0.3, 0.9),
    "min_p": (0.02, 0.3),
    "typical_p": (0.3, 0.9),
    "epsilon_cutoff": (0.003, 0.008),
    "eta_cutoff": (0.003, 0.3),
}


@dataclass
class Case:
    """A prompt, end tokens and settings in the flat form."""

    prompt: list[int]
    eos: list[int]
    settings: dict[str, Any]

    @property
    def theirs(self) -> dict[str, Any]:
        """The settings as ``generate`` takes them."""
        named = {NAMES.get(key, key): value for key, value in self.settings.items() if key not in {"seed", "sample"}}
        return named | (
            {"do_sample": True, "top_k": 0} | named if self.settings.get("sample") else {"do_sample": False}
        )


def dice(seed: int | str) -> random.Random:
    """Return what the cases are drawn with."""
    return random.Random(seed)  # noqa: S311 (cases, not secrets)


def a_case(rng: random.Random, model: LoadedModel, tokens: range) -> Case:
    """Draw a case; the end tokens are among those that beams without an end write."""
    prompt = [rng.choice(tokens) for _ in range(rng.randrange(2, 9))]
    model.eos_ids = frozenset()
    found = hypotheses(model, prompt, BeamParams(3, max_new_tokens=8, num_return_sequences=3))
    written = sorted({token for text in found for token in text.token_ids[1:]})
    beams = rng.choice((2, 3, 4, 5, 8, 16))
    settings: dict[str, Any] = {
        "num_beams": beams,
        "length_penalty": rng.choice((-1.0, 0.0, 0.5, 1.0, 2.0)),
        "early_stopping": rng.choice((True, False, "never")),
        "max_new_tokens": rng.randrange(1, 13),
        "num_return_sequences": rng.randrange(1, beams + 1),
    }
    if rng.random() < 0.4:
        settings["repetition_penalty"] = rng.choice((0.8, 1.2, 1.7))
    if rng.random() < 0.4:
        settings["no_repeat_ngram"] = rng.choice((1, 2, 3))
    return Case(prompt, rng.sample(written, min(len(written), rng.randrange(4))), settings)


def run(model: LoadedModel, prompt: Sequence[int], params: BeamParams) -> list[BeamStep]:
    """Return all steps of a search."""
    return [step for step in search(model, prompt, params) if step]


def hypotheses(model: LoadedModel, prompt: Sequence[int], params: BeamParams) -> tuple[Hypothesis, ...]:
    """Return what a search ends with."""
    return run(model, prompt, params)[-1].hypotheses


def generated(model: Any, case: Case) -> tuple[list[tuple[int, ...]], list[float]]:  # noqa: ANN401 (of transformers)
    """Return the sequences and scores of ``generate``; what is filled up behind an end token is cut off."""
    ids = torch.tensor([case.prompt])
    with torch.inference_mode():
        answer = model.generate(
            ids, attention_mask=torch.ones_like(ids), eos_token_id=case.eos or None, pad_token_id=0,
            return_dict_in_generate=True, output_scores=True, **case.theirs,
        )  # fmt: skip
    texts = [tuple(row[: end_of(row, case.eos)]) for row in answer.sequences[:, len(case.prompt) :].tolist()]
    return texts, answer.sequences_scores.tolist()


def end_of(row: list[int], eos: list[int]) -> int:
    """Return the length of a row up to its first end token."""
    return next((place + 1 for place, token in enumerate(row) if token in eos), len(row))


def clear(steps: list[BeamStep]) -> bool:
    """Tell whether no two sums of a step, and no two scores, are so close that rounding decides."""
    columns = [[item.total for item in step.continuations] for step in steps]
    columns.append([text.score for text in steps[-1].hypotheses])
    return all(np.diff(np.sort(column)).min(initial=1) > CLOSE * max(1.0, np.abs(column).max()) for column in columns)


def agree(steps: list[BeamStep], sequences: list[tuple[int, ...]], scores: list[float]) -> bool:
    """Check what a search ended with; return False where it is something else because rounding decided."""
    found = steps[-1].hypotheses
    if [text.token_ids for text in found] != sequences:
        assert not clear(steps), (found, sequences)
        return False
    assert [text.score for text in found] == pytest.approx(scores, rel=2e-5, abs=2e-5)
    return True


def same(model: LoadedModel, theirs: Any, case: Case) -> tuple[bool, SearchEnd | None]:  # noqa: ANN401 (of transformers)
    """Check one case; return whether rounding decided nothing, and why the search ended."""
    model.eos_ids = frozenset(case.eos)
    steps = run(model, case.prompt, BeamParams.from_dict(case.settings))
    return agree(steps, *generated(theirs, case)), steps[-1].end


# --- random models ---


@pytest.mark.parametrize("kind", KINDS)
def test_sequences_and_scores_are_those_of_generate(kind: str) -> None:
    """Every early_stopping, length penalties from −1 to 2, 0 to 3 end tokens, penalties, over random weights."""
    rng = dice(kind)
    model: Any = backends.load(tiny(kind))
    theirs = vars(model)["_model"]
    outcomes = []
    for number in range(KINDS[kind]):
        generator, spread = torch.Generator().manual_seed(number), rng.choice((0.1, 0.15, 0.25, 0.4))
        for weights in theirs.parameters():
            torch.nn.init.normal_(weights, std=spread, generator=generator)
        outcomes.append(same(model, theirs, a_case(rng, model, range(3, VOCAB))))

    assert sum(agreed for agreed, _ in outcomes) >= ALMOST_ALL * len(outcomes)
    assert {end for _, end in outcomes} >= {SearchEnd.FULL, SearchEnd.LENGTH}


def a_table(rng: random.Random) -> dict[str, dict[str, float]]:
    """Return random probabilities of words after words, no two in a row alike; after anything else nearly even ones."""
    words = [EOS_PIECE, *(f" w{number}" for number in range(WORDS - 1))]
    table = {"": [1 + rng.random() / 3 for _ in words]}
    table |= {last: [rng.gammavariate(0.3, 1) + 1e-6 for _ in words] for last in words[1:]}
    return {
        last: {word: weight / sum(weights) for word, weight in zip(words, weights, strict=True)}
        for last, weights in table.items()
    }


class TableModel(PreTrainedModel, GenerationMixin):  # type: ignore[misc]
    """A toy as a model of transformers."""

    config_class = PretrainedConfig

    def __init__(self, toy: ToyModel) -> None:
        """Take the toy's numbers."""
        super().__init__(PretrainedConfig(vocab_size=toy.vocab_size, num_hidden_layers=1))
        self.anchor = torch.nn.Parameter(torch.zeros(1))  # by which transformers finds device and type
        self.rows = torch.tensor(np.stack([toy._logits(token) for token in range(toy.vocab_size)]))

    def forward(self, input_ids: torch.Tensor, **_: object) -> CausalLMOutput:
        """Look at the last token of each row."""
        return CausalLMOutput(logits=self.rows[input_ids[:, -1:]])


def test_a_toy_is_searched_as_generate_searches_it() -> None:
    """Random tables of 90 words, in a vocabulary in which 256 more tokens are impossible."""
    rng = dice(1)
    outcomes = []
    for _ in range(TABLES):
        model = ToyModel(a_table(rng), 256)
        outcomes.append(same(model, TableModel(model), a_case(rng, model, range(1, WORDS))))

    assert sum(agreed for agreed, _ in outcomes) >= ALMOST_ALL * TABLES
    assert {end for _, end in outcomes} == {SearchEnd.FULL, SearchEnd.NO_BETTER, SearchEnd.LENGTH}


# --- sampled beams ---


@pytest.fixture
def our_luck(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let ``generate`` draw with our luck, by a walk of its own; returns the position, to be reset."""
    position = [0]

    def multinomial(probs: torch.Tensor, num_samples: int) -> torch.Tensor:
        left = probs[0].double().numpy().copy()
        order = np.argsort(-left, kind="stable")
        drawn = []
        for number in range(num_samples):
            walk = np.cumsum(left[order])
            drawn.append(int(order[np.searchsorted(walk, luck(7, position[0], f"beam {number}") * walk[-1], "right")]))
            left[drawn[-1]] = 0.0
        position[0] += 1
        return torch.tensor([drawn])

    monkeypatch.setattr(torch, "multinomial", multinomial)
    return position


def test_sampled_beams_are_those_of_generate_with_the_same_dice(our_luck: list[int]) -> None:
    """Temperature and every cut of transformers, by ones and twos; each leaves one token more than can end a text."""
    rng = dice(2)
    agreed = []
    for _ in range(SAMPLED):
        model = ToyModel(a_table(rng), 256)
        case = a_case(rng, model, range(1, WORDS))
        case.prompt.append(WORDS + 7)  # a byte: the first distribution is nearly even, so that beams have a beginning
        case.settings |= {key: rng.choice(CUTS[key]) for key in rng.sample(sorted(CUTS), rng.randrange(3))}
        case.settings |= {"sample": True, "seed": 7, "num_beams": 3, "num_return_sequences": 2}
        our_luck[0] = 0
        agreed.append(same(model, TableModel(model), case)[0])

    assert sum(agreed) >= ALMOST_ALL * SAMPLED


# --- diverse groups ---


@dataclass
class SlowGroup:
    """Running and finished texts, each with its sum or score."""

    running: list[tuple[float, tuple[int, ...]]]
    finished: list[tuple[float, tuple[int, ...]]]
    over: bool = False


def slowly(model: LoadedModel, prompt: list[int], params: BeamParams) -> list[tuple[float, tuple[int, ...]]]:
    """Search as Vijayakumar et al. define it, on every prefix from its beginning and over every token, in float64."""
    groups = [SlowGroup([(0.0, ())], []) for _ in range(params.num_beam_groups)]
    width = params.num_beams // params.num_beam_groups
    for length in range(1, params.max_new_tokens + 1):
        taken: list[int] = []
        for group in groups:
            if group.over:
                continue
            options = []
            for total, ids in group.running:
                logprobs = log_probabilities(model.prefill([*prompt, *ids])[1].astype(np.float64))
                for token in np.flatnonzero(np.isfinite(logprobs)).tolist():
                    augmented = float(logprobs[token]) - params.diversity_penalty * taken.count(token)
                    options.append((total + augmented, (*ids, token)))
            options.sort(reverse=True)
            last = length == params.max_new_tokens
            best = [
                (*item, item[1][-1] in model.eos_ids or last) for item in options[: width * (1 + len(model.eos_ids))]
            ]
            group.finished += [
                (total / length**params.length_penalty, ids) for total, ids, ends in best[:width] if ends
            ]
            group.finished = sorted(group.finished, reverse=True)[:width]
            group.running = [(total, ids) for total, ids, ends in best if not ends][:width]
            taken += [ids[-1] for _, ids in group.running]
            group.over = last or (len(group.finished) == width and hopeless(group, length, params))
    return sorted((text for group in groups for text in group.finished), reverse=True)[: params.num_return_sequences]


def hopeless(group: SlowGroup, length: int, params: BeamParams) -> bool:
    """Tell whether a group whose finished texts are complete ends."""
    long = params.max_new_tokens if params.early_stopping == "never" and params.length_penalty > 0 else length
    hoped = group.running[0][0] / long**params.length_penalty
    return params.early_stopping is True or hoped <= group.finished[-1][0]


def test_diverse_groups_are_those_of_the_published_definition() -> None:
    """Two to four groups, also of one beam; and one group, where the slow search is plain beam search."""
    rng = dice(3)
    agreed = []
    for _ in range(GROUPED):
        model = ToyModel(a_table(rng), 256)
        case = a_case(rng, model, range(1, WORDS))
        groups, width = rng.choice(((1, 4), (2, 2), (2, 3), (3, 1), (4, 2)))
        case.settings |= {"num_beams": groups * width, "num_beam_groups": groups, "max_new_tokens": rng.randrange(1, 7)}
        case.settings |= {"num_return_sequences": groups, "diversity_penalty": rng.choice((0.3, 1.0)) * (groups > 1)}
        params = BeamParams.from_dict({key: case.settings[key] for key in case.settings if key not in PENALTIES})
        model.eos_ids = frozenset(case.eos[:1] or [0])
        steps = run(model, case.prompt, params)
        expected = slowly(model, case.prompt, params)
        agreed.append(agree(steps, [ids for _, ids in expected], [score for score, _ in expected]))

    assert sum(agreed) >= ALMOST_ALL * GROUPED


# --- where they differ ---


def test_of_equal_sums_the_lower_beam_and_token_come_first() -> None:
    """torch.topk finds the same sums and leaves the order of equals open: here it takes other tokens."""
    coarse = np.random.default_rng(5).integers(-3, 3, (4, 2000)).astype(np.float32)  # as logits of 8 bits are: ties
    totals = [0.0, 0.0, -1.0, -1.0]
    found = expand(list(coarse), totals, [StepContext()] * 4, Rules(), 24)
    flat = torch.log_softmax(torch.tensor(coarse), -1) + torch.tensor(totals)[:, None]
    sums, places = torch.topk(flat.flatten(), 24)

    assert found.totals.tolist() == pytest.approx(sums.tolist(), rel=1e-6)
    mine = list(zip(found.beams.tolist(), found.token_ids.tolist(), strict=True))
    assert mine == sorted(mine)
    assert mine != [divmod(place, 2000) for place in places.tolist()]
