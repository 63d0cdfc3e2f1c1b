"""What a beam search must hold on every backend, what it refuses, and how it ends."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from playground import backends
from playground.backends.toy import ToyModel
from playground.beam import BeamParams, BeamStep, notes, search
from playground.errors import ModelError, PromptError, SettingError
from playground.expansion import draw_without_replacement
from playground.hypotheses import Ending, Fate, SearchEnd
from playground.samplers.temperature import Temperature
from tests.models import CATALOG, SMOLLM, finished
from tests.tiny_models import tiny

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from playground.backends.base import LoadedModel, Logits, ModelSequence

STORY = "Then the cat sat and the"
TINY = ("llama", "gemma3", "lfm2")  # rows of a cache, a sliding window, a recurrent state
ROUNDING = {"toy": 1e-5, SMOLLM: 1e-3}  # of a sum in float32, and of a batch against one pass over the text
TINY_ROUNDING = 1e-4


@pytest.fixture(scope="module", params=["toy", SMOLLM, *TINY])
def key(request: pytest.FixtureRequest) -> str:
    """Return the key of the model in turn."""
    return str(request.param)


@pytest.fixture(scope="module")
def model(key: str) -> Iterator[LoadedModel]:
    """Return the model in turn, in this process."""
    loaded = backends.load(tiny(key) if key in TINY else replace(CATALOG.get(key), context_tokens=256))
    yield loaded
    loaded.close()


class Counted:
    """A model that counts the sequences that are alive."""

    def __init__(self, model: LoadedModel) -> None:
        """Wrap a model."""
        self._model = model
        self.alive: list[ModelSequence] = []
        self.most = 0

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 (whatever the model has)
        """Pass everything else on."""
        return getattr(self._model, name)

    def prefill(self, ids: Sequence[int], *, onto: ModelSequence | None = None, **more: Any) -> Any:  # noqa: ANN401
        """Count what is begun, or goes on; it is gone where reading fails."""
        self._gone(onto)
        sequence, row = self._model.prefill(ids, onto=onto, **more)
        return self._born(sequence), row

    def fork(self, sequence: ModelSequence) -> ModelSequence:
        """Count one more."""
        return self._born(self._model.fork(sequence))

    def drop(self, sequence: ModelSequence) -> None:
        """Count one less; it must be there."""
        assert any(sequence is other for other in self.alive)
        self._gone(sequence)
        self._model.drop(sequence)

    def _born(self, sequence: ModelSequence) -> ModelSequence:
        self.alive.append(sequence)
        self.most = max(self.most, len(self.alive))
        return sequence

    def _gone(self, sequence: ModelSequence | None) -> None:
        self.alive = [other for other in self.alive if other is not sequence]


class Scripted(ToyModel):
    """A model of seven tokens, 0 the end, whose logits after the last one are given."""

    def __init__(self, rows: dict[int, list[float]], otherwise: list[float]) -> None:
        """Take a row for some last tokens and one for all others, (vocab,) each."""
        super().__init__({"": {"a": 1.0}}, 64)
        self.vocab_size = len(otherwise)
        self.given = {token: np.array(row, np.float32) for token, row in rows.items()}
        self.otherwise = np.array(otherwise, np.float32)

    def _logits(self, last: int) -> Logits:
        return self.given.get(last, self.otherwise).copy()


def run(model: Any, text: str | Sequence[int] = STORY, **settings: Any) -> list[BeamStep]:  # noqa: ANN401
    """Return all steps of a search."""
    ids = model.encode(text, special=False) if isinstance(text, str) else text
    return [step for step in search(model, ids, BeamParams.from_dict(settings)) if step]


def log_softmax(row: Logits) -> Logits:
    """Return log-probabilities in float64."""
    above = row.astype(np.float64) - row.max()
    found: Logits = above - np.log(np.exp(above).sum())
    return found


# --- laws, on every backend ---


def test_one_beam_is_greedy(model: LoadedModel) -> None:
    """It writes the best token again and again, and ends where greedy decoding ends."""
    ids = model.encode(STORY, special=False)
    sequence, row = model.prefill(ids)
    written = [int(row.argmax())]
    while written[-1] not in model.eos_ids and len(written) < 10:
        [row] = model.decode([sequence], written[-1:])
        written.append(int(row.argmax()))
    model.drop(sequence)

    for early in (True, False):
        [text] = run(model, num_beams=1, max_new_tokens=10, early_stopping=early)[-1].hypotheses
        assert list(text.token_ids) == written


def test_scores_recompute_from_the_tokens(model: LoadedModel, key: str) -> None:
    """One pass over prompt and text gives the sum of logprobs; divided by the length to the penalty it is the score."""
    ids = model.encode(STORY, special=False)
    texts = run(model, num_beams=4, num_return_sequences=4, max_new_tokens=8, length_penalty=0.7)[-1].hypotheses

    assert [text.score for text in texts] == sorted((text.score for text in texts), reverse=True)
    for text in texts:
        logprobs = finished(model.score([*ids, *text.token_ids])).logprob[len(ids) - 1 :]
        assert logprobs.sum() == pytest.approx(text.total, abs=ROUNDING.get(key, TINY_ROUNDING))
        assert text.logprob == pytest.approx(text.total, abs=1e-5)  # nothing else acts
        assert text.score == pytest.approx(text.total / len(text.token_ids) ** 0.7, rel=1e-6)
        assert text.pieces == tuple(map(model.piece, text.token_ids))


def test_every_step_can_be_followed(model: LoadedModel) -> None:
    """Sums add up along the branches, kept ones have places of their own, and each beam's best is considered."""
    steps = run(model, num_beams=3, max_new_tokens=8, num_return_sequences=3)
    tips = {0: 0.0}
    for step in steps:
        for item in step.continuations:
            assert np.float32(tips[item.parent]) + np.float32(item.step) == np.float32(item.total)
            assert (item.beam is not None) == (item.fate is Fate.KEPT and step.end is None)
            assert item.piece == model.piece(item.token_id)
        totals = [item.total for item in step.continuations]
        assert totals == sorted(totals, reverse=True)
        assert len(totals) == 3 * max(2, 1 + len(model.eos_ids))
        tips = {item.beam: item.total for item in step.continuations if item.beam is not None}
        assert sorted(tips) == list(range(0 if step.end else 3))

    assert [step.position for step in steps] == list(range(len(steps)))
    assert [bool(step.end) for step in steps] == [False] * (len(steps) - 1) + [True]


def test_sequences_are_dropped_when_nobody_needs_them(model: LoadedModel) -> None:
    """Between two steps there is one for each beam; none is left at the last event, or when somebody closes early."""
    counted: Any = Counted(model)
    ids = model.encode(STORY, special=False)
    for step in search(counted, ids, BeamParams(3, max_new_tokens=8)):
        if step:
            assert len(counted.alive) == (0 if step.end else sum(item.beam is not None for item in step.continuations))
    assert counted.most <= 3

    for taken in range(3):
        steps: Any = search(counted, ids, BeamParams(3, max_new_tokens=8))
        for _ in range(taken):
            next(steps)
        steps.close()
        assert counted.alive == []


def test_stop_keeps_the_tree(model: LoadedModel) -> None:
    """The steps before it are those of a whole search, and what was running is among the texts."""
    ids, params = model.encode(STORY, special=False), BeamParams(3, max_new_tokens=8, num_return_sequences=3)
    whole = [step for step in search(model, ids, params) if step]
    counted: Any = Counted(model)
    seen: list[BeamStep] = []
    for step in search(counted, ids, params, lambda: len(seen) < 2):
        if step:
            seen.append(step)  # noqa: PERF401 (looked at meanwhile)

    assert seen[:2] == whole[:2]
    assert seen[2:] == [BeamStep(2, end=SearchEnd.STOPPED, hypotheses=seen[2].hypotheses)]
    tips = {item.total for item in whole[1].continuations if item.fate is Fate.KEPT}
    assert {text.total for text in seen[2].hypotheses if text.ending is Ending.STOPPED} <= tips
    assert len(seen[2].hypotheses) == 3
    assert counted.alive == []


def test_stop_while_the_prompt_is_read_leaves_nothing(model: LoadedModel) -> None:
    """The one event says so, and no sequence is left."""
    counted: Any = Counted(model)
    answers = iter([True])
    steps = list(search(counted, model.encode(STORY * 12, special=False), BeamParams(), lambda: next(answers, False)))

    assert steps[-1] == BeamStep(0, end=SearchEnd.STOPPED)
    assert all(step is None for step in steps[:-1])
    assert counted.alive == []


def test_the_same_seed_samples_the_same_beams(model: LoadedModel) -> None:
    """The seed's luck is all that there is; another seed draws others."""
    settings: dict[str, Any] = {"num_beams": 4, "max_new_tokens": 5, "sample": True, "temperature": 1.3}

    assert run(model, seed=3, **settings) == run(model, seed=3, **settings)
    assert run(model, seed=3, **settings) != run(model, seed=4, **settings)


@pytest.mark.parametrize("penalty", [-1.0, 0.0, 1.0])
def test_enough_beams_find_the_best_text_of_all(penalty: float) -> None:
    """Of all 1 + 3 + 9 + 27 texts of three words that end, or are cut at the third, none is better."""
    rows = np.full((4, 16), -np.inf)
    rows[:, :4] = np.random.default_rng(3).normal(0, 1.5, (4, 4))
    model = Scripted(dict(enumerate(rows.tolist())), [0.0] * 16)
    logprobs = np.array([log_softmax(row) for row in rows])
    texts = [(*words, 0) for length in range(3) for words in product((1, 2, 3), repeat=length)]
    texts += [*product((1, 2, 3), (1, 2, 3), (0, 1, 2, 3))]

    def score(text: tuple[int, ...]) -> float:
        total = sum(logprobs[last, token] for last, token in zip((1, *text), text, strict=False))
        return float(total / len(text) ** penalty)

    steps = run(model, [1], num_beams=16, max_new_tokens=3, early_stopping="never", length_penalty=penalty)
    assert steps[-1].hypotheses[0].token_ids == max(texts, key=score)


# --- rare answers of a model ---


def test_a_model_that_can_only_end_ends() -> None:
    """Everything but the end token is at −inf: one text, of that token, and no beam to go on with."""
    only_end = [0.0, *[-np.inf] * 6]
    [step] = run(Scripted({}, only_end), [1], num_beams=4, num_return_sequences=4)

    assert step.end is SearchEnd.NO_BEAM
    assert [text.token_ids for text in step.hypotheses] == [(0,)]
    assert step.hypotheses[0].score == 0.0


def test_where_one_token_is_possible_there_is_one_beam() -> None:
    """No beams are made up beside it, and the text is certain."""
    only_two = [-np.inf, -np.inf, 5.0, *[-np.inf] * 4]
    steps = run(Scripted({}, only_two), [1], num_beams=4, num_return_sequences=4, max_new_tokens=3)

    assert [len(step.continuations) for step in steps] == [1, 1, 1]
    assert [(text.token_ids, text.score) for text in steps[-1].hypotheses] == [((2, 2, 2), 0.0)]
    assert steps[-1].end is SearchEnd.LENGTH


@pytest.mark.parametrize("sample", [False, True])
def test_beams_grow_where_few_tokens_are_possible(sample: bool) -> None:  # noqa: FBT001 (as it is set)
    """Two tokens at first, so two beams of four; then four: never the same text twice, as with beams at −10⁹."""
    two = [-np.inf, -np.inf, 0.0, 1.0, *[-np.inf] * 3]
    steps = run(Scripted({}, two), [1], num_beams=4, num_return_sequences=4, max_new_tokens=3, sample=sample, seed=1)

    assert [sum(item.beam is not None for item in step.continuations) for step in steps] == [2, 4, 0]
    assert len({text.token_ids for text in steps[-1].hypotheses}) == 4


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_damaged_answer_is_named_with_its_step(bad: float) -> None:
    """The steps before it stand, and no sequence is left."""
    sound = [-9.0, 0.0, 1.0, 0.5, 0.2, 0.1, -1.0]
    counted: Any = Counted(Scripted({3: [bad, *sound[1:]]}, sound))
    steps = search(counted, [1], BeamParams(2))
    first = next(steps)

    assert first
    assert not first.end
    with pytest.raises(ModelError, match="not finite at step 2"):
        next(steps)
    assert counted.alive == []


# --- sampled beams ---


def test_a_number_draws_what_the_probabilities_give_it() -> None:
    """Of 1,000 numbers spread evenly over [0, 1) each entry is drawn by its share, then of what is left again."""
    shares = np.array([0.2, 0.5, 0.0, 0.3])
    with np.errstate(divide="ignore"):
        totals = np.log(shares).astype(np.float32)[[0, 1, 3]]
    even = (np.arange(1000) + 0.5) / 1000
    first = [int(draw_without_replacement(totals, [number])[0]) for number in even]
    assert np.bincount(first).tolist() == [200, 500, 300]

    after = [draw_without_replacement(totals, [0.25, number]).tolist() for number in even]  # 0.25 draws the 0.5
    assert {pair[0] for pair in after} == {1}
    assert np.bincount([pair[1] for pair in after], minlength=3).tolist() == [400, 0, 600]


def test_entries_are_drawn_from_far_down_too() -> None:
    """A long even tail is walked to its end, and nothing is drawn twice."""
    totals = np.zeros(5000, np.float32)
    assert draw_without_replacement(totals, [0.0, 0.0, 0.9999, 0.9999]).tolist() == [0, 1, 4999, 4998]
    assert sorted(draw_without_replacement(totals[:300], [0.5] * 400).tolist()) == list(range(300))


def test_what_cannot_happen_is_not_drawn() -> None:
    """Beside a probability of e⁻⁸⁰⁰ and less there is one entry only."""
    assert draw_without_replacement(np.array([0.0, -800.0, -900.0], np.float32), [0.5, 0.5]).tolist() == [0]


# --- what is refused, before anything runs ---

REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "no beam": ({"num_beams": 0}, "num_beams", "Beams is 0; it must lie in [1, 16]. 1 is greedy."),
    "many beams": ({"num_beams": 17}, "num_beams", "Beams is 17; it must lie in [1, 16]."),
    "half a beam": ({"num_beams": 2.5}, "num_beams", "Beams is 2.5; it must be a whole number."),
    "a word": ({"num_beams": "four"}, "num_beams", "Beams is four; it must be a number."),
    "no number": ({"length_penalty": float("nan")}, "length_penalty", "Length penalty is nan; it must be a finite"),
    "steep": ({"length_penalty": 9}, "length_penalty", "Length penalty is 9; it must lie in [-5, 5]."),
    "early": ({"early_stopping": "always"}, "early_stopping", "is always; it must be true, false or “never”."),
    "early as 1": ({"early_stopping": 1}, "early_stopping", "Early stopping is 1; it must be true, false or “never”."),
    "no token": ({"max_new_tokens": 0}, "max_new_tokens", "New tokens, at most, is 0; it must lie in [1, 4,096]."),
    "returned": (
        {"num_beams": 3, "num_return_sequences": 4},
        "num_return_sequences",
        "Returned sequences is 4; of 3 beams it must lie in [1, 3]. Ask for fewer, or for more beams.",
    ),
    "groups": (
        {"num_beams": 6, "num_beam_groups": 4, "diversity_penalty": 1},
        "num_beam_groups",
        "Beam groups is 4; 6 beams cannot be split into 4 equal groups. It must be one of 1, 2, 3, 6.",
    ),
    "sampled groups": (
        {"num_beam_groups": 2, "diversity_penalty": 1, "sample": True},
        "num_beam_groups",
        "Set beam groups to 1, or turn sampling off.",
    ),
    "equal groups": ({"num_beam_groups": 2}, "diversity_penalty", "without one all groups write the same."),
    "no groups": ({"diversity_penalty": 1}, "diversity_penalty", "without groups it has no effect."),
    "cut": (
        {"top_p": 0.9},
        "top_p",
        "beams that are not sampled take the best tokens, whatever it keeps. Turn sampling on, or Top-p off.",
    ),
    "greedy samples": ({"temperature": 0, "sample": True}, "temperature", "leaves each beam one token"),
    "one text": ({"mirostat": 5, "sample": True}, "mirostat", "Mirostat follows one text, and here are 4 beams."),
    "seed": ({"seed": -7}, "seed", "Seed is -7; it must be a whole number in [0, 4,294,967,295]."),
    "typo": ({"num_beam": 4}, "num_beam", "There is no setting “num_beam”. The nearest is num_beams."),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_bad_setting_is_refused_in_a_sentence(case: str) -> None:
    """It names the field, the value, what is allowed, and what to do."""
    settings, field, said = REFUSED[case]
    with pytest.raises(SettingError) as caught:
        BeamParams.from_dict(settings)
    assert said in str(caught.value)
    assert caught.value.field == field


def test_no_object_is_refused() -> None:
    """Settings are an object; and no sampler is set twice."""
    with pytest.raises(SettingError, match="Settings are 4; they must be an object"):
        BeamParams.from_dict(4)
    with pytest.raises(SettingError, match="temperature is set twice"):
        BeamParams(sample=True, samplers=(Temperature(0.5), Temperature(0.7)))


def test_what_a_model_cannot_do_is_refused_before_it_is_asked() -> None:
    """Too few slots or tokens, no room in the context, no prompt, no seed: the model does nothing."""
    model = backends.load(replace(CATALOG.get("toy"), context_tokens=64))
    assert isinstance(model, ToyModel)
    model.slots = 4
    asked: Any = Counted(model)
    refusals = [
        ([5], {"num_beams": 5}, SettingError, "5 beams need room for 5 texts at once; this model has room for 4."),
        ([5] * 60, {}, PromptError, "Prompt (60) + new tokens (40) = 100 tokens; this model reads 64. Shorten"),
        ([5] * 60, {}, PromptError, "Shorten the prompt or write at most 4 tokens."),
        ([5] * 64, {}, PromptError, "this model reads 64. Shorten the prompt."),
        ([], {}, PromptError, "The prompt is empty. Type a prompt first."),
        ([9999], {}, PromptError, "Token id 9999 is not in the vocabulary"),
        ([5], {"sample": True}, SettingError, "Sampled beams need a seed."),
        ([5], {"logit_bias": [[9999, 1.0]]}, SettingError, "Logit bias: there is no token 9,999"),
    ]  # fmt: skip
    for ids, settings, kind, said in refusals:
        with pytest.raises(kind) as caught:
            search(asked, ids, BeamParams.from_dict(settings))
        assert said in str(caught.value)
    with pytest.raises(SettingError, match="Beams is 8; this model has only 7 tokens to begin with"):
        search(Scripted({}, [0.0] * 7), [1], BeamParams(8))
    assert asked.most == 0


def test_what_a_setting_does_not_do_is_said() -> None:
    """A sampler's note on a model reaches whoever shows the search."""
    model = backends.load(CATALOG.get("toy"))
    params = BeamParams.from_dict({"sample": True, "top_k": 1_000_000}).with_some_seed()

    assert len(notes(model, params)) == 1
    assert notes(model, BeamParams()) == ()


def test_settings_read_back_to_an_equal_value() -> None:
    """The flat form holds every field, and a seed that is picked."""
    params = BeamParams.from_dict({"num_beams": 8, "early_stopping": "never", "sample": True, "top_p": 0.9})
    assert BeamParams.from_dict(params.to_dict()) == params
    assert params.with_some_seed().seed is not None
    assert BeamParams(seed=7).with_some_seed().seed == 7


# --- the real model ---


def test_four_beams_find_a_more_probable_text_than_greedy_decoding() -> None:
    """SmolLM2 through llama.cpp, twelve tokens; under a length penalty of 0 the score is the text's log-probability."""
    model = backends.load(replace(CATALOG.get(SMOLLM), context_tokens=256))
    prompt = "The secret to a successful life is"
    [greedy] = run(model, prompt, num_beams=1, max_new_tokens=12, length_penalty=0)[-1].hypotheses
    texts = run(model, prompt, num_beams=4, num_return_sequences=4, max_new_tokens=12, length_penalty=0)[-1].hypotheses
    model.close()

    assert texts[0].total > greedy.total + 0.5
    assert texts[0].text.startswith(" not just about what you")
    assert len({text.token_ids for text in texts}) == 4
