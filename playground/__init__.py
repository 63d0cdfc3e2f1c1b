"""See what sampling parameters do to a language model.

The map, from the bottom up; imports point downwards only:

- ``sentences``: what is said in a language; ``errors``: failures
- ``tokens``, ``ranking``, ``shapes``, ``numerics``: bytes and text, rank order, what a file may hold, arithmetic on
  logits
- ``scores``: the probability of a whole text; ``distances``: how far two distributions lie apart; ``packed``: them on
  their way; ``chrf``: how much a text has of a reference
- ``samplers``: one file per sampler; ``settings``, ``presets``: which of them act; ``records``: steps and runs
- ``measures``: what is counted in texts
- ``chain``: samplers in order, the draw; ``stages``, ``formula``: what each of them did, for a picture and in numbers
- ``sources``: where files lie; ``entry``, ``catalog``: models.yaml; ``download``, ``fetch``: what the hub has of it
- ``backends``: token ids in, logits out; ``cache``: logits that were answered
- ``beam_settings``, ``hypotheses``: what a beam search is asked and says; ``expansion``, ``pruning``: its steps;
  ``beam``: the search; ``reranking``: its tree under another length penalty
- ``prompt``, ``probe``, ``events``, ``clock``, ``engine``, ``side_by_side``, ``replay``, ``rows``, ``beam_events``: a
  model's process from the inside, with ``jobs``, ``messages``, ``worker``
- ``child``, ``frames``, ``failures``, ``lifeline``: its ties
- ``status``, ``process``: one from the outside; ``memory``: what fits; ``rests``: after crashes;
  ``refusals``: what is said where one is not there
- ``stream``: the answers to one request; ``watchdog``: which processes stand still; ``fleet``: which are up, for whom
- ``pool``: all of them, as the page sees them; ``asker``: as somebody sees them who may leave
- ``panes``, ``comparisons``: several texts at once; ``vocabularies``, ``cross_score``, ``lockstep``: each text under
  each model, and what lies between them
- ``shelf``: what is kept, and for how long; ``store``: runs as they grow, ``searches``: beam searches; ``saved``: runs
  as files; ``tables``: records as CSV; ``scripts``: runs as code
- ``views``: records to plotly figures; ``ui``: the page

``Playground`` is the same thing without a browser.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

    from playground.catalog import ModelSpec
    from playground.chain import Trace
    from playground.cross_score import Cell
    from playground.lockstep import Place
    from playground.pool import Pool
    from playground.records import Run, TokenStep
    from playground.searches import Search
    from playground.store import LiveRun

__all__ = ["Playground"]


class Words:
    """The vocabulary of a model in another process: its pieces are here, and texts are encoded there."""

    def __init__(self, pool: Pool, model: str, pieces: Sequence[bytes]) -> None:
        """Keep the pieces."""
        self.vocab_size = len(pieces)
        self._pieces, self._pool, self._model = pieces, pool, model
        self._encoded: dict[tuple[str, bool], tuple[int, ...]] = {}

    def piece(self, token_id: int) -> bytes:
        """Return the bytes of a token."""
        return self._pieces[token_id]

    def encode(self, text: str, *, special: bool) -> tuple[int, ...]:
        """Ask the model's process, once for each text."""
        from playground.records import Prompt, SamplingParams

        if (text, special) not in self._encoded:
            op = "encode_special" if special else "encode"
            ids = self._pool.ask(op, self._model, Prompt(text=text), SamplingParams())["ids"]
            self._encoded[text, special] = tuple(ids)
        return self._encoded[text, special]


class Playground:
    """The models of a models.yaml, for scripts and notebooks; settings are those of ``SamplingParams.from_dict``.

    >>> with Playground("models.yaml") as pg:
    ...     pg.generate("toy", "Then the cat", temperature=0, seed=1, max_new_tokens=3).text
    ' sat.'
    """

    def __init__(self, models: str | Path = "models.yaml", *, memory_mb: int | None = None) -> None:
        """Read the catalog; models start when first asked, and share ``memory_mb``, by default 3/4 of the memory.

        Raises:
            CatalogError: models.yaml cannot be read.
        """
        from playground.catalog import read_catalog
        from playground.pool import Pool

        self.catalog = read_catalog(Path(models))
        self.pool = Pool(self.catalog, memory_mb=memory_mb)
        self._words: dict[str, Words] = {}

    def models(self) -> tuple[ModelSpec, ...]:
        """Return the entries of models.yaml; ``problem`` says why one cannot run here."""
        return self.catalog.models

    def next_token(self, model: str, prompt: str, **settings: Any) -> Trace:  # noqa: ANN401 (checked by from_dict)
        """Return the full distribution after a prompt: the model's, after each sampler, and the final one.

        Raises:
            PlaygroundError: a setting, the prompt or the model is at fault.
        """
        import numpy as np

        from playground.chain import trace_chain
        from playground.records import Prompt, SamplingParams
        from playground.samplers.base import StepContext

        params = SamplingParams.from_dict(settings)
        answer = self.pool.ask("logits", model, Prompt(text=prompt), params)
        ids = tuple(answer["ids"])
        words = self._words.setdefault(model, Words(self.pool, model, answer["pieces"]))
        context = StepContext(ids, len(ids), 0, params.seed or 0, (), words)
        return trace_chain(np.frombuffer(answer["logits"], np.float32), params.chain, context, piece=words.piece)

    def stream(self, model: str, prompt: str, **settings: Any) -> Iterator[TokenStep]:  # noqa: ANN401 (checked by from_dict)
        """Yield the steps of a text as they are written.

        Raises:
            PlaygroundError: a setting, the prompt or the model is at fault.
        """
        for live in self._growing(model, prompt, settings):
            if live.stop_reason is None:
                yield live.steps[-1]

    def generate(self, model: str, prompt: str, **settings: Any) -> Run:  # noqa: ANN401 (checked by from_dict)
        """Write a text and return the whole run; without a seed one is picked, and the run holds it.

        Raises:
            PlaygroundError: a setting, the prompt or the model is at fault.
        """
        *_, last = self._growing(model, prompt, settings)
        return last.record()

    def cross_score(self, runs: Sequence[Run]) -> tuple[tuple[Cell, ...], ...]:
        """Return how probable each run's text is under each run's model: a row for each text."""
        from playground.cross_score import cross_score

        return cross_score(self.pool, runs)

    def gaps(self, runs: Sequence[Run], *, text_of: int = 0) -> Iterator[Place]:
        """Yield what lies between the runs' distributions at each place of the text of one of them."""
        from playground.lockstep import Lockstep

        return Lockstep.of(self.pool, runs, text_of).walk()

    def beams(self, model: str, prompt: str, **settings: Any) -> Search:  # noqa: ANN401 (checked by from_dict)
        """Search for the most probable texts; settings are those of ``BeamParams.from_dict``.

        Raises:
            PlaygroundError: a setting, the prompt or the model is at fault.
        """
        from playground.beam_settings import BeamParams
        from playground.records import Prompt
        from playground.searches import Searches

        params = BeamParams.from_dict(settings)
        live = Searches().new(model, params.with_some_seed() if params.sample else params, Prompt(text=prompt))
        with closing(self.pool.open("beams", model, live.prompt, live.params)) as answers:
            for message in answers:
                live.take(message)
        return live.record()

    def compare(
        self,
        prompt: str,
        panes: Sequence[Mapping[str, Any]],
        *,
        fast: bool = False,
    ) -> tuple[Run, ...]:
        """Write two to four texts after one prompt, all at once; return their runs in the order of the panes.

        A pane holds ``model``, optionally ``system`` (which makes it a chat), and settings. Panes without a seed share
        one. A pane that fails has ``stop_reason`` failed and the sentence in ``error``; the others go on.
        ``fast`` decodes panes of one model together even where that changes the last bits of their numbers.

        Raises:
            SettingError: there are fewer than two panes, or more than four.
        """
        from playground.comparisons import LiveComparison

        live = LiveComparison.of(prompt, panes, fast=fast)
        live.run(self.pool)
        return tuple(pane.record() for pane in live.panes)

    def _growing(self, model: str, prompt: str, settings: dict[str, Any]) -> Iterator[LiveRun]:
        from playground.records import Prompt, SamplingParams
        from playground.store import Store

        live = Store().new(model, SamplingParams.from_dict(settings).with_some_seed())
        with closing(self.pool.open("write", model, Prompt(text=prompt), live.params)) as answers:
            for message in answers:
                live.take(message)
                if message["event"] in {"step", "ended"}:
                    yield live

    def close(self) -> None:
        """End the models' processes."""
        self.pool.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()
