"""Pictures of one place in a text: a look at a prompt, a written token, and other settings tried on either.

- A place is what the page sends back: ``{"look": id}`` or ``{"run": id, "position": n}``; the ids cannot be guessed.
- The model runs for a new prompt only; everything else is read from records or from cached logits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from playground import formula
from playground.errors import RunNotFound, SettingError, shown
from playground.records import TAIL_TOKENS, Extras, Prompt
from playground.scripts import as_code
from playground.sentences import Sentence
from playground.stages import unpack
from playground.store import Looked, Origin, read_step
from playground.ui.boxes import boxes_after
from playground.ui.controls import read_seed, read_settings, whole
from playground.ui.formula import formula_lines
from playground.ui.picture import Place, chain_of, orders_text, picture
from playground.ui.replay import Replay
from playground.ui.strip import prompt_scores
from playground.views.waterfall import waterfall_spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.download import Downloads
    from playground.pool import Pool
    from playground.process import Answer
    from playground.records import SamplingParams, TokenStep
    from playground.samplers.base import Sampler
    from playground.store import Kept, LiveRun, Store

MAX_DRAWS, MAX_COLUMNS = 100_000, 4
MAX_TOKEN_ID = 10_000_000  # the model's own vocabulary is looked at where the model is
LOOK_LENGTH = 1  # a look draws one token at most; the length setting means nothing to it


@dataclass(frozen=True, slots=True)
class Branch:
    """A text that goes on from another.

    Attributes:
        prompt: what the model reads.
        kept: what stays of the other text.
        seed: that of the other text.
    """

    model: str
    prompt: Prompt
    origin: Origin
    kept: Kept = ()
    seed: int | None = None


class Taken(Looked):
    """A place in the tree of a beam search, with the token that stands there; its prompt says how many were written."""

    __slots__ = ()


@dataclass(frozen=True)
class Explorer:
    """What is asked about places.

    Attributes:
        pool: the models.
        store: runs and looks.
        texts: the words of the page's language.
        downloads: of models that are not here yet.
    """

    pool: Pool
    store: Store
    texts: Mapping[str, str]
    downloads: Downloads

    def look(self, model: str, prompt: Prompt, params: SamplingParams) -> dict[str, Any]:
        """Return the picture of what could come after a prompt."""
        answer = self.pool.ask("look", model, prompt, params)
        looked = self.store.keep(Looked(model, tuple(answer["ids"]), prompt))
        return self._shown(_place({"look": looked}, model, answer, params), answer)

    def what_if(self, chain: object, seed: object, place: object, extras: Mapping[str, object]) -> dict[str, Any]:
        """Return the picture of a place under other settings, and what is asked for beside it.

        ``extras`` may hold ``draws``, a number of tokens to draw and count, ``columns``, those of the waterfall, and
        ``formula``, true for the numbers behind each token that is shown.

        Raises:
            PlaygroundError: the settings are refused, or the place is no longer kept.
        """
        columns = whole("columns", extras.get("columns", 0), MAX_COLUMNS)
        asked = Extras(whole("draws", extras.get("draws", 0), MAX_DRAWS), columns > 0, extras.get("formula") is True)
        there, answer = self.tried(chain, seed, place, asked)
        shown = self._shown(there, answer)
        if columns:
            shown["waterfall"] = waterfall_spec(unpack(answer["stages"]), self.texts, columns=columns)
        if asked.formula:
            shown["formula"] = formula_lines(formula.unpack(answer["formula"]), self.texts)
        return shown

    def tried(self, chain: object, seed: object, place: object, asked: Extras) -> tuple[Place, Answer]:
        """Ask the model about a place under other settings.

        Raises:
            PlaygroundError: the settings are refused, or the place is no longer kept.
        """
        params = read_settings(chain, seed, LOOK_LENGTH)
        where = place if isinstance(place, dict) else {}
        looked = self.store.looked(str(where["look"])) if "look" in where else None
        if looked:
            model, prompt, written = looked.model, Prompt(ids=looked.ids, written=looked.prompt.written), None
            asked = replace(asked, given=looked.given)
        else:
            run, position = self.found(where.get("run"), where.get("position"))
            model, written = run.model, run.steps[position]
            prompt, asked = self._before(run, position), replace(asked, also=written.token_id)
        answer = self.pool.ask("look", model, prompt, params, asked)
        there = _place(where, model, answer, params, written)
        if isinstance(looked, Taken):
            return replace(there, taken=prompt.written + 1), answer
        return (there if asked.given is None else replace(there, given=len(prompt.ids) + 1)), answer

    def branch(self, place: object, token: object) -> Branch:
        """Return a text that goes on from a place with a chosen token; without one from the end, as luck draws.

        Raises:
            PlaygroundError: the place is no longer kept, or the token is no id.
        """
        where = place if isinstance(place, dict) else {}
        if token is None:
            run = self._run(where.get("run"))
            return self._kept(run, len(run.steps), ())
        chosen = (whole("token", token, MAX_TOKEN_ID),)
        if "look" in where:
            looked = self.store.looked(str(where["look"]))
            return Branch(looked.model, Prompt(ids=looked.ids, chosen=chosen), Origin(looked.prompt))
        run, position = self.found(where.get("run"), where.get("position"))
        return self._kept(run, position, chosen)

    def _kept(self, run: LiveRun, position: int, chosen: tuple[int, ...]) -> Branch:
        """Return what ``branch`` does for a run up to a position."""
        kept = tuple((step, run.params_at(place)) for place, step in enumerate(run.steps[:position]))
        prompt = replace(self._before(run, position), chosen=chosen)
        return Branch(run.model, prompt, Origin(run.asked, run.run_id, position), kept, run.params.seed)

    def replay(self, run_id: object, chain: object, seed: object) -> Replay | None:
        """Begin to try other settings on every token of a run; None where they are the run's own.

        An empty seed is that of the run.

        Raises:
            PlaygroundError: there is no such run, or the settings are refused.
        """
        run = self._run(run_id)
        own = run.params
        params = read_settings(chain, own.seed if read_seed(seed) is None else seed, own.max_new_tokens)
        if (acting(params), params.seed) == (acting(own), own.seed) or not run.steps:
            return None
        prompt = Prompt(ids=run.record().ids_before(len(run.steps)), written=len(run.steps))
        return Replay(run, params, self.texts, self.pool.open("replay", run.model, prompt, params))

    @staticmethod
    def _before(run: LiveRun, position: int) -> Prompt:
        """Return what stood before a written token."""
        drawn = tuple(step.final_prob for step in run.steps[:position])
        return Prompt(ids=run.record().ids_before(position), written=position, final_probs=drawn)

    def _shown(self, place: Place, answer: Answer) -> dict[str, Any]:
        shown = picture(read_step(answer["step"]), place, self.texts)
        return shown | {"orders": orders_text(answer["orders"], self.texts)}

    def token(self, run_id: object, position: object) -> dict[str, Any]:
        """Return the picture of what a written token was drawn from, as the run recorded it.

        Raises:
            PlaygroundError: there is no such run, or it has no such token.
        """
        return self.recorded(*self.found(run_id, position))

    def prompt_token(self, run_id: object, position: int) -> dict[str, Any]:
        """Return the picture of what could have stood at a token of a run's prompt, under the run's settings.

        Raises:
            PlaygroundError: there is no such run or token, or nothing before it, or its model cannot be asked.
        """
        run = self._run(run_id)
        if not 0 < position < len(run.prompt_ids):
            raise SettingError(
                Sentence(
                    "Token {position} of the prompt cannot be asked for; there are {count}, and the first has nothing "
                    "before it.",
                    position=position + 1,
                    count=len(run.prompt_ids),
                ),
                field="position",
            )
        before = run.prompt_ids[:position]
        looked = Looked(run.model, before, Prompt(ids=before), run.prompt_ids[position])
        chain, seed = chain_of(run.params), run.params.seed
        return self.what_if(chain, seed, {"look": self.store.keep(looked)}, {})

    def code(self, run_id: str, library: str) -> dict[str, Any]:
        """Return a run as a script of a library.

        Raises:
            PlaygroundError: there is no such run or library, or the run cannot be written so.
        """
        run = self.store.get(run_id)
        return {"code": as_code(library, self.pool.spec(run.model), run.prompt, run.params)}

    def boxes(self, run_id: object) -> dict[str, Any]:
        """Return what the prompt's boxes hold to go on with a text by hand.

        Raises:
            PlaygroundError: there is no such run, or it is no text.
        """
        return boxes_after(self._run(run_id))

    def prompt_scores(self, run_id: object) -> dict[str, Any]:
        """Return how probable the model finds each token of a run's prompt.

        Raises:
            PlaygroundError: there is no such run, or its model cannot be asked.
        """
        run = self._run(run_id)
        answer = self.pool.ask("score", run.model, Prompt(ids=run.prompt_ids), run.params)
        return prompt_scores(answer, self.texts)

    def found(self, run_id: object, position: object) -> tuple[LiveRun, int]:
        """Return a run and the place of one of its tokens.

        Raises:
            PlaygroundError: there is no such run, or it has no such token.
        """
        run = self._run(run_id)
        whole = isinstance(position, int) and not isinstance(position, bool)
        if not whole or not 0 <= position < len(run.steps):  # type: ignore[operator]
            raise SettingError(
                Sentence(
                    "Token {position} is not in this run; it has {count} tokens.",
                    position=shown(position),
                    count=len(run.steps),
                ),
                field="position",
            )
        return run, position  # type: ignore[return-value]

    def _run(self, run_id: object) -> LiveRun:
        if not isinstance(run_id, str):
            raise RunNotFound(
                Sentence("{value} is not a run.", value=shown(run_id)), hint="Press Look, or click a token of the text."
            )
        return self.store.get(run_id)

    def recorded(self, run: LiveRun, position: int, *, follow: bool = False) -> dict[str, Any]:
        """Return the recorded picture of a token that is there."""
        return picture(run.steps[position], replace(recorded_place(run, position), follow=follow), self.texts)


def recorded_place(run: LiveRun, position: int) -> Place:
    """Return where a token stands that a run recorded."""
    pieces = (*run.prompt_pieces[-TAIL_TOKENS:], *(step.piece for step in run.steps[:position][-TAIL_TOKENS:]))
    return Place(
        where={"run": run.run_id, "position": position},
        tail=b"".join(pieces[-TAIL_TOKENS:]),
        model=run.model,
        params=run.params_at(position),
        recorded=True,
        written=run.steps[position],
    )


def _place(
    where: dict[str, Any], model: str, answer: Answer, params: SamplingParams, written: TokenStep | None = None
) -> Place:
    return Place(
        where=where,
        tail=b"".join(answer["tail"]),
        model=model,
        params=params,
        written=written,
        recomputed=written is not None and not answer["from_cache"],
        counts=dict(answer["counts"]),
    )


def acting(params: SamplingParams) -> list[Sampler]:
    """Return the samplers that do something, in the order in which they act."""
    return [sampler for sampler in params.chain if not sampler.is_neutral]
