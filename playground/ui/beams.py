"""The view of beams: what its controls ask for, and what it is told of a search.

The settings are those of the view's own controls and the page's chain. Of that, what has no part in a search is left
out, and a sentence says what.
"""

from __future__ import annotations

import json
import math
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playground.asker import Asker
from playground.beam_settings import PENALTIES, BeamParams
from playground.errors import SettingError
from playground.hypotheses import rows
from playground.records import TAIL_TOKENS, Prompt, SamplingParams
from playground.reranking import rerank
from playground.searches import Written
from playground.sentences import Sentence, in_all_words, in_words
from playground.status import State
from playground.tables import hypothesis_table, to_csv
from playground.tokens import visible
from playground.ui.beam_controls import OWN, START, read_penalty, together, wrong_controls
from playground.ui.boxes import read_boxes
from playground.ui.controls import read_session, read_settings
from playground.ui.explore import Taken, acting
from playground.ui.notices import ours
from playground.ui.picture import tail_text
from playground.views.base import sampler_name, worded
from playground.views.beam_overlay import Overlay
from playground.views.beam_paths import Paths, ids, paths, pieces
from playground.views.beam_tree import Look, tree_spec
from playground.views.beam_verdict import verdict
from playground.views.beam_words import legend, subtitle, title, told, what_if

if TYPE_CHECKING:
    import threading
    from collections.abc import Collection, Mapping

    from playground.hypotheses import BeamStep
    from playground.searches import LiveSearch, Searches
    from playground.ui.explore import Explorer

PATHS = ("greedy", "sampled")
LIVE_STEPS = 24  # more are out of sight while a tree grows
MOST_NODES, DRAWN_PER_BEAM = 2_400, 2  # that a browser draws without coming to a stop
WAIT_S = 0.25  # so long a search waits for news at a time
UNHEARD_S = 10.0  # a search that nobody follows ends; a page that reloads is back before that


@dataclass(frozen=True)
class Beams:
    """What is asked of searches.

    Attributes:
        explorer: the models, the words of the page's language, and pictures of single places.
    """

    explorer: Explorer
    searches: Searches

    @property
    def texts(self) -> Mapping[str, str]:
        """The words of the page's language."""
        return self.explorer.texts

    def begin(self, asked: Mapping[str, Any]) -> LiveSearch:
        """Return a search that can begin.

        Raises:
            PlaygroundError: something that is asked for is refused.
        """
        own = asked.get("beams")
        if not isinstance(own, dict) or set(own) - set(OWN):
            raise SettingError(
                "The settings of the search are missing.", hint=Sentence("Their keys are {names}.", names=OWN)
            )
        model, history = asked.get("model"), asked.get("history", "[]")
        mode, system, text = (asked.get(name) for name in ("mode", "system", "prompt"))
        prompt = read_boxes(self.explorer.pool.catalog, model, mode, system, text, history)
        wrong = wrong_controls(START | own)
        try:
            chain = read_settings(asked.get("chain"), asked.get("seed"), asked.get("max_new_tokens"))
        except SettingError as error:
            raise together([error, *wrong]) from error
        if wrong:
            raise together(wrong)
        sample = own.get("sample") is True
        kept = tuple(item for item in acting(chain) if sample or item.key in PENALTIES)
        settings = {**START, **own, "max_new_tokens": chain.max_new_tokens, "seed": chain.seed if sample else None}
        params = BeamParams(**settings, samplers=kept)
        live = self.searches.new(str(model), params.with_some_seed() if sample else params, prompt)
        live.session, live.chain = read_session(asked.get("session")), chain
        return live

    def left_out(self, live: LiveSearch) -> str:
        """Return what of the chain beside a search has no part in it."""
        chain = live.chain
        keys = [item.key for item in acting(chain) if item not in live.params.samplers]
        names = ", ".join(sampler_name(key, self.texts) for key in keys)
        sentences = [self.texts["beam_left_out"].format(names=names)] if keys else []
        sentences += [self.texts["beam_no_stop"]] if chain.stop else []
        own_order = chain.order != "transformers" and len(chain.chain) - len(keys) > 1
        return " ".join([*sentences, *([self.texts["beam_order"]] if own_order else [])])

    def drive(self, live: LiveSearch) -> None:
        """Take what the model's process says of a search until it is over, or nobody follows it any more."""
        answers = None
        try:
            answers = self.explorer.pool.open("beams", live.model, live.prompt, live.params, session=live.session)
            live.opened(answers.stop)
            while not live.over:
                for message in answers.ready(WAIT_S):
                    live.take(message)
                if time.monotonic() - live.heard_s > UNHEARD_S:
                    live.stop()
        except Exception as error:  # noqa: BLE001 (the page shows whatever happened)
            live.fail(ours(error))
        finally:
            if answers:
                answers.close()
            live.closed()

    def message(
        self, live: LiveSearch, tree: Paths | None = None, *, fold: bool, over: Collection[str] = ()
    ) -> dict[str, Any]:
        """Return all that the page shows of a search as it stands.

        While it grows, its last steps are enough: what is drawn stands where it stands in the whole.

        Args:
            live: the search.
            tree: of its first steps, kept by whoever asks again and again; it takes the others.
            fold: draw runs of tokens without branching as one point.
            over: the paths to lay over the tree.
        """
        steps, texts = tuple(live.steps), self.texts
        tree = Paths(live.params) if tree is None else tree
        for step in steps[tree.taken :]:
            tree.take(step)
        tree.settle()
        tail = tail_text(b"".join(live.prompt_pieces[-TAIL_TOKENS:]))
        laid = tuple(
            Overlay(kind, live.paths[kind].token_ids, live.paths[kind].pieces)
            for kind in PATHS
            if kind in over and kind in live.paths
        )
        most = LIVE_STEPS if not live.over else MOST_NODES // max(1, live.params.num_beams * DRAWN_PER_BEAM)
        first = max(0, len(steps) - most)
        figure = tree_spec(tree, tail, texts, Look(fold, overlays=laid, first=first)) if steps else None
        omitted = texts["beam_omitted"].format(count=first) if first and live.over else ""
        return {
            "search": live.search_id,
            "running": not live.over,
            "title": title(tail, texts) if tail else "",
            "settings": self.settings_line(live),
            "status": self._status(live, tree),
            "figure": figure,
            "legend": legend(tree, [item.name for item in laid], _more(figure), texts),
            "left_out": self.left_out(live),
            "paths": {kind: verdict(kind, written, tree, texts) for kind, written in live.paths.items()},
            "note": in_all_words([*live.notes, *([omitted] if omitted else [])], texts),
            "error": in_words(live.error, texts),
            "penalty": live.params.length_penalty,
        }

    def settings_line(self, live: LiveSearch) -> str:
        """Return model and settings in one line."""
        params, texts = live.params, self.texts
        flat = params.to_dict()
        own = [f"{name} {_plain(flat[name])}" for name in OWN if flat[name] or name == "length_penalty"]
        parts = [live.model, *own]
        parts += [f"max_new_tokens {params.max_new_tokens}"]
        parts += [worded(item.summary, texts) for item in params.chain]
        return " · ".join([*parts, *([f"seed {params.seed}"] if params.seed is not None else [])])

    def _status(self, live: LiveSearch, tree: Paths) -> str:
        texts = self.texts
        if live.over:
            said_end = subtitle(tree, texts, "beams_broken" if live.error or tree.nodes else "beams_never")
            took = live.timing and tree.nodes and texts["beam_took"].format(seconds=live.timing.total_s)
            return f"{said_end} {took}" if took else said_end
        if live.position:
            wait = texts["queue_wait"].format(seconds=math.ceil(live.wait_s)) if live.wait_s else ""
            return texts["queue"].format(position=live.position, wait=wait)
        if self.explorer.pool.status(live.model).state is State.LOADING:
            return texts["loading"].format(title=self.explorer.pool.spec(live.model).title)
        return subtitle(tree, texts) if live.steps else texts["reading"]

    def ranked(self, live: LiveSearch, penalty: object) -> dict[str, Any]:
        """Return the texts of a search under a length penalty, the best first, and how it would have gone under it.

        Raises:
            SettingError: the length penalty is outside its range, or the search is not over.
        """
        found = what_if(*ended(live), read_penalty(penalty), self.texts)
        returned = {item.token_ids for item in live.record().hypotheses}
        shown = [row | {"returned": tuple(row["token_ids"]) in returned} for row in found["rows"]]
        key = self.texts["beam_returned_key"].format(returned=len(returned), count=len(shown))
        return {"rows": shown, "sentence": found["said"], "key": key if shown else ""}

    @staticmethod
    def table(live: LiveSearch, penalty: object) -> str:
        """Return the same texts as CSV.

        Raises:
            SettingError: the length penalty is outside its range, or the search is not over.
        """
        steps, params = ended(live)
        length_penalty = read_penalty(penalty)
        texts = rerank(steps, params, length_penalty).texts if steps else ()
        return to_csv(hypothesis_table(rows(texts), live.model, length_penalty, params.to_dict()))

    def write(self, live: LiveSearch, kind: str, chain: object, seed: object, gone: threading.Event) -> dict[str, Any]:
        """Write a text after the same prompt, greedily or with the page's chain and seed, and compare it with the best.

        It ends where nobody waits for it any more, and is not kept then.

        Raises:
            PlaygroundError: the search is not over, its prompt cannot be read, or the settings are refused.
        """
        if kind not in PATHS:
            raise SettingError(Sentence("A path is one of {names}.", names=PATHS), hint="Choose one of them.")
        if not live.over or not live.prompt_ids:
            raise SettingError("The search still runs.", hint="Stop it, or wait for its end.")
        length = live.params.max_new_tokens
        settings = {"temperature": 0, "seed": 0, "max_new_tokens": length}
        params = SamplingParams.from_dict(settings) if kind == "greedy" else read_settings(chain, seed, length)
        params = params.with_some_seed()
        asker, prompt = Asker(self.explorer.pool, gone, live.session), Prompt(ids=live.prompt_ids)
        with closing(asker.open("write", live.model, prompt, params)) as answers:
            steps = [message for message in answers if message["event"] == "step"]
        tokens, texts = (tuple(step[name] for step in steps) for name in ("token_id", "piece"))
        total = sum(math.log(step["model_prob"]) for step in steps)
        written = live.paths[kind] = Written(tokens, texts, total, params.to_dict())
        return {"sentence": verdict(kind, written, paths(live.steps, live.params), self.texts)}

    def place(self, live: LiveSearch, position: int, number: int, chain: object, seed: object) -> dict[str, Any]:
        """Return the picture of what a continuation was taken from, and the text that leads to it.

        Raises:
            SettingError: the tree has no such place.
        """
        tree = paths(live.steps, live.params)
        node = tree.at(f"{position}.{number}")
        if node is None:
            raise SettingError("The tree has no such place.", hint="Click a mark of the tree.")
        written = ids(node)
        prompt = Prompt(ids=(*live.prompt_ids, *written[:-1]), written=len(written) - 1)
        looked = self.explorer.store.keep(Taken(live.model, prompt.ids, prompt, written[-1]))
        picture = self.explorer.what_if(chain, seed, {"look": looked}, {})
        lines = told(node, tree, self.texts, "")[:-1]  # without the text, which stands there anyway
        return {"picture": picture, "tokens": [visible(piece) for piece in pieces(node)], "told": lines}


def ended(live: LiveSearch) -> tuple[tuple[BeamStep, ...], BeamParams]:
    """Return the steps of a search that is over, and its settings.

    Raises:
        SettingError: it still runs.
    """
    if not live.over:
        raise SettingError("The search still runs.", hint="Stop it, or wait for its end.")
    return tuple(live.steps), live.params


def _more(figure: Mapping[str, Any] | None) -> str:
    """Return the first of the numbers of those that were considered and have no mark."""
    traces = figure["data"] if figure else ()
    return next((text for trace in traces if trace["name"] == "more" for text in trace["text"]), "")


def _plain(value: object) -> str:
    return json.dumps(value) if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)
