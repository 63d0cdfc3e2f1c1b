"""Beam search over the four verbs: one batch for each step, and one event for it.

- ``search`` checks everything before the model is asked, then yields a ``BeamStep`` per step; None where a turn is over
  and there is nothing to say, as while the prompt is read.
- What goes on and what ends is decided in ``expansion`` and ``pruning``, as transformers' ``generate`` decides it.
- A beam that is kept takes over its parent's sequence, or a fork of it; sequences of all others are dropped at once. So
  there are never more sequences than beams.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from playground.backends.base import ModelSequence, PrefillStopped
from playground.beam_settings import BeamParams
from playground.errors import PromptError, SettingError
from playground.expansion import Rules, expand, sample
from playground.hypotheses import BeamStep, Continuation, Hypothesis, SearchEnd
from playground.pruning import Group, best_first
from playground.samplers.base import StepContext
from playground.scores import check_ids
from playground.sentences import Sentence

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from playground.backends.base import KeepGoing, LoadedModel, Logits
    from playground.expansion import Expansion
    from playground.pruning import Beam

__all__ = ["BeamParams", "BeamStep", "Hypothesis", "SearchEnd", "notes", "search"]


def search(
    model: LoadedModel, prompt_ids: Sequence[int], params: BeamParams, keep_going: KeepGoing = lambda: True
) -> Iterator[BeamStep | None]:
    """Search for the texts that a model finds most probable after a prompt; yields one event per step.

    ``keep_going`` is asked while the prompt is read and after each step. Where it says no, one more event says so, and
    its hypotheses are the best of what is finished and what was running. All sequences are dropped before the last
    event, and whenever the iterator is closed or fails.

    Raises:
        SettingError: these settings cannot be carried out with this model.
        PromptError: the prompt is empty, or leaves too little room.
        ModelError: the model answered nonsense, at a step; those before it stand.
    """
    notes(model, params)
    _check_room(model, prompt_ids, params)
    return _Search(model, tuple(prompt_ids), params, keep_going).steps()


def notes(model: LoadedModel, params: BeamParams) -> tuple[str, ...]:
    """Return what a setting does not do with this model.

    Raises:
        SettingError: these settings cannot be carried out with this model.
    """
    beams = params.num_beams
    if beams > model.vocab_size:
        raise SettingError(
            Sentence(
                "Beams is {beams}; this model has only {count:,} tokens to begin with.",
                beams=beams,
                count=model.vocab_size,
            ),
            hint=Sentence("Use at most {count:,} beams.", count=model.vocab_size),
            field="num_beams",
        )
    if beams > model.slots:
        raise SettingError(
            Sentence(
                "{beams} beams need room for {beams} texts at once; this model has room for {slots}.",
                beams=beams,
                slots=model.slots,
            ),
            hint=Sentence("Use at most {slots} beams, or give it more sequences in models.yaml.", slots=model.slots),
            field="num_beams",
        )
    if params.sample and params.seed is None:
        raise SettingError("Sampled beams need a seed.", hint="Give one from 0 to 2³²−1.", field="seed")
    return tuple(filter(None, (sampler.note(model) for sampler in params.chain)))


def _check_room(model: LoadedModel, prompt_ids: Sequence[int], params: BeamParams) -> None:
    """Refuse what does not fit: a shorter length than was asked for would be another search."""
    check_ids(prompt_ids, model.vocab_size)
    if not prompt_ids:
        raise PromptError("The prompt is empty.", hint="Type a prompt first.", field="prompt")
    prompt, new, context = len(prompt_ids), params.max_new_tokens, model.context_tokens
    if prompt + new > context:
        room = context - prompt
        said = Sentence(
            "Prompt ({prompt:,}) + new tokens ({new:,}) = {whole:,} tokens; this model reads {context:,}.",
            prompt=prompt,
            new=new,
            whole=prompt + new,
            context=context,
        )
        if room <= 0:
            raise PromptError(said, hint="Shorten the prompt.", field="prompt")
        hint = Sentence("Shorten the prompt or write at most {room:,} tokens.", room=room)
        raise PromptError(said, hint=hint, field="max_new_tokens")


@dataclass
class _Search:
    """The state of one search.

    Attributes:
        sequences: by the place of the beam that each belongs to; before the first step the prompt's.
        alive: all that the model holds for this search.
    """

    model: LoadedModel
    prompt_ids: tuple[int, ...]
    params: BeamParams
    keep_going: KeepGoing
    groups: list[Group] = field(init=False)
    sequences: list[ModelSequence] = field(default_factory=list)
    alive: list[ModelSequence] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.groups = [Group(number, self.params) for number in range(self.params.num_beam_groups)]

    def steps(self) -> Generator[BeamStep | None, None, None]:
        """Yield the events of the search, and leave nothing in the model."""
        try:
            rows = (yield from self._read())[np.newaxis]  # (beams, vocab)
            for position in range(self.params.max_new_tokens):
                step = self._step(rows, position)
                yield step
                if step.end:
                    return
                if not self.keep_going():
                    yield self._stopped(position + 1)
                    return
                rows = self.model.decode(self.sequences, [beam.token_ids[-1] for beam in self._beams()])
        except PrefillStopped:
            yield self._stopped(0)
        finally:
            self._drop_all()

    def _read(self) -> Generator[None, None, Logits]:
        """Read the prompt, a chunk in each turn; return the logits after it, (vocab,)."""
        size, ids = self.model.chunk_tokens, self.prompt_ids
        row = self._append(ids[:size])
        for start in range(size, len(ids), size):
            yield
            row = self._append(ids[start : start + size])
        return row

    def _append(self, chunk: tuple[int, ...]) -> Logits:
        onto = self.sequences.pop() if self.sequences else None
        self.alive.clear()  # whoever reads on owns the sequence, and drops it where that fails
        sequence, row = self.model.prefill(chunk, onto=onto, keep_going=self.keep_going)
        self.sequences, self.alive = [sequence], [sequence]
        return row

    def _step(self, rows: Logits, position: int) -> BeamStep:
        """Consider, keep and drop; after the last step drop everything."""
        considered: list[Continuation] = []
        taken: list[int] = []
        end = None
        for group in self._running():
            found = self._expand(group, rows, position, taken)
            fresh = group.read(found, self.model.eos_ids, self.model.piece)
            considered += group.take(fresh, sum(item.beam is not None for item in considered))
            taken += [beam.token_ids[-1] for beam in group.beams]
            end = group.end
        if self._running():
            self._hand_over([item for item in considered if item.beam is not None])
            return BeamStep(position, tuple(considered))
        self._drop_all()
        return BeamStep(position, tuple(considered), end, self._hypotheses())

    def _running(self) -> list[Group]:
        return [group for group in self.groups if group.end is None]

    def _beams(self) -> list[Beam]:
        """Return the running texts of all groups, each at its place."""
        return [beam for group in self._running() for beam in group.beams]

    def _expand(self, group: Group, rows: Logits, position: int, taken: Sequence[int]) -> Expansion:
        """Consider enough continuations for each beam to run on, whichever end tokens are among them."""
        params, prompt, ends = self.params, self.prompt_ids, len(self.model.eos_ids)
        contexts = [
            StepContext(prompt + beam.token_ids, len(prompt), position, params.seed or 0, (), self.model)
            for beam in group.beams
        ]
        rules = Rules(params.chain, ends + 1, tuple(taken), params.diversity_penalty)
        way = sample if params.sample else expand
        chosen = [rows[beam.place] for beam in group.beams]
        totals = [beam.total for beam in group.beams]
        return way(chosen, totals, contexts, rules, max(2, 1 + ends) * params.group_beams)

    def _hand_over(self, kept: Sequence[Continuation]) -> None:
        """Give each beam its parent's sequence, or a fork where another has it; drop those that nobody goes on with."""
        before, parents = self.sequences, [item.parent for item in sorted(kept, key=lambda item: item.beam or 0)]
        for place, sequence in enumerate(before):
            if place not in parents:
                self._drop(sequence)
        self.sequences = []
        for number, parent in enumerate(parents):
            sequence = before[parent]
            if parent in parents[:number]:
                sequence = self.model.fork(sequence)
                self.alive.append(sequence)
            self.sequences.append(sequence)

    def _drop(self, sequence: ModelSequence) -> None:
        self.alive = [other for other in self.alive if other is not sequence]
        self.model.drop(sequence)

    def _drop_all(self) -> None:
        while self.alive:
            self._drop(self.alive[-1])

    def _hypotheses(self) -> tuple[Hypothesis, ...]:
        texts = [text for group in self.groups for text in group.finished.texts]
        return tuple(best_first(texts)[: self.params.num_return_sequences])

    def _stopped(self, position: int) -> BeamStep:
        """Return the last event of a search that somebody stopped; what was running is among its texts."""
        self._drop_all()
        for group in self._running():
            group.stop()
        return BeamStep(position, end=SearchEnd.STOPPED, hypotheses=self._hypotheses())
