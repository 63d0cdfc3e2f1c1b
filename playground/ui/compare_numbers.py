"""What is counted in the texts of a comparison, and how far their models and settings lie apart."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any

from playground.cross_score import cross_score
from playground.lockstep import Lockstep
from playground.measures import MOST_CHANGED, changes, measures
from playground.samplers import all_samplers
from playground.sentences import in_words
from playground.stream import check_there
from playground.tokens import visible
from playground.ui.compare import LETTERS
from playground.ui.strip import ending
from playground.views.base import grouped, sampler_name, worded
from playground.views.differences import gaps_spec, matrix_spec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playground.asker import Asker, Models
    from playground.comparisons import LiveComparison
    from playground.cross_score import Cell
    from playground.lockstep import Pair, Place
    from playground.store import LiveRun

NUMBERS = ("mean_logprob", "perplexity", "distinct_1", "distinct_2", "repetition", "compression")
NAMES = {"distinct_1": "distinct-1", "distinct_2": "distinct-2", "chrf": "chrF", "chrf_pp": "chrF++"}  # everywhere
MOST_SHOWN = 1e6


def summary(live: LiveComparison, reference: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return heads with what they mean, and a row for each pane.

    Raises:
        PromptError: the reference holds half a character.
    """
    names = ["pane", "model", "differs", "tokens", "characters", "ended", "total_s", "first_s", "rate", *NUMBERS]
    names += ["chrf", "chrf_pp"] if reference.strip() else []
    panes = zip(live.panes, LETTERS, differing(live, texts), strict=False)
    rows = [_row(run, letter, differs, reference, texts) for run, letter, differs in panes]
    note = ""
    if reference.strip():
        from playground.chrf import chrf  # noqa: PLC0415 (sacrebleu takes a second; few give a reference)

        note = texts["compare_chrf_said"].format(signature=chrf("", reference).signatures[1])
    return {
        "heads": [
            [NAMES.get(name) or texts[f"compare_column_{name}"], texts.get(f"compare_column_{name}_help", "")]
            for name in names
        ],
        "rows": rows,
        "note": note,
        "diff": diff(live, texts),
    }


def diff(live: LiveComparison, texts: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return, for each pane but the first, what makes the first one's text into its own, or why that is not shown."""
    first, *others = [pane.record().text for pane in live.panes]
    found = []
    for letter, text in zip(LETTERS[1:], others, strict=False):
        parts = changes(first, text)
        note = "" if parts is not None else texts["compare_diff_long"].format(count=grouped(MOST_CHANGED, texts))
        told = [[change.kind, change.left, change.right] for change in parts or ()]
        found.append({"name": f"{LETTERS[0]} – {letter}", "parts": told, "note": note})
    return found


def _row(run: LiveRun, letter: str, differs: str, reference: str, texts: Mapping[str, str]) -> list[str]:
    record = run.record()
    found = measures(record)
    timing = run.timing
    times = (timing.total_s, timing.time_to_first_token_s, timing.tokens_per_s) if timing else (None,) * 3
    seconds = ["–" if value is None else texts["seconds"].format(seconds=f"{value:.2f}") for value in times[:2]]
    rate = f"{times[2]:.0f}" if times[2] else "–"
    scores = _chrf(record.text, reference) if reference.strip() else []
    return [
        letter,
        run.model,
        differs or "–",
        str(found.tokens),
        str(found.characters),
        ending(run, texts),
        *seconds,
        rate,
        *(shown_number(getattr(found, name)) for name in NUMBERS),
        *scores,
    ]


def _chrf(text: str, reference: str) -> list[str]:
    from playground.chrf import chrf  # noqa: PLC0415 (sacrebleu takes a second; few give a reference)

    found = chrf(text, reference)
    return [f"{found.chrf:.1f}", f"{found.chrf_pp:.1f}"]


def shown_number(value: float | None) -> str:
    """Return a number of the table; – where there is none."""
    if value is None:
        return "–"
    if math.isinf(value) or abs(value) >= MOST_SHOWN:
        return "−∞" if value < 0 else "∞" if math.isinf(value) else f"{value:.2g}"
    return f"{value:.2f}".replace("-", "−")


def differing(live: LiveComparison, texts: Mapping[str, str]) -> list[str]:
    """Return, for each pane, the settings that not all panes have, in words; the same ones are in the files."""
    return [
        " · ".join(_said(run, name, value, texts) for name, value in found.items())
        for run, found in zip(live.panes, live.settings_that_differ, strict=True)
    ]


def _said(run: LiveRun, name: str, value: Any, texts: Mapping[str, str]) -> str:
    """Return a setting in words; for a sampler that a pane is without, its neutral value."""
    if kind := all_samplers().get(name):
        acting = {item.key: item for item in run.params.chain if not item.is_neutral}
        return worded((acting.get(name) or kind()).summary, texts)
    match name:
        case "order":
            own = [] if isinstance(value, str) else [sampler_name(key, texts).lower() for key in value]
            return f"{texts['order'].lower()} {': '.join([texts['order_own'], ' → '.join(own)]) if own else value}"
        case "stop":
            return texts["stops_at"].format(texts=_quoted([visible(text.encode()) for text in value], texts) or "–")
        case "system":
            return f"{texts['system'].lower()} {_quoted([value], texts) if value else texts['compare_off']}"
        case "history":
            turns = [content for _, content in value or ()]
            return " ".join(filter(None, [texts["compare_turns"].format(count=len(turns)), _quoted(turns, texts)]))
        case _:
            return f"{texts.get(name, name).lower()} {value}"


def _quoted(said: Sequence[str], texts: Mapping[str, str]) -> str:
    return ", ".join(texts["quoted"].format(text=text) for text in said)


def cells_of(pool: Models, live: LiveComparison) -> tuple[tuple[Cell, ...], ...]:
    """Return each text under each model, computed once."""
    if "cells" in live.found:
        return live.found["cells"]  # type: ignore[no-any-return]
    cells = cross_score(pool, [pane.record() for pane in live.panes])
    if not any(cell.problem for row in cells for cell in row):  # what was in the way may be gone next time
        live.keep("cells", cells)
    return cells


def matrix(pool: Models, live: LiveComparison, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the picture of each text under each model, and the sentences that belong to it."""
    cells = cells_of(pool, live)
    notes = dict.fromkeys(note for row in cells for cell in row for note in (cell.note, cell.problem) if note)
    return {
        "figure": matrix_spec(cells, [pane.model for pane in live.panes], texts),
        "notes": [in_words(note, texts) for note in notes],
    }


def flat(cells: Sequence[Sequence[Cell]]) -> list[list[dict[str, Any]]]:
    """Return the cells as plain values; what is infinite is a text."""
    names = ("tokens", "logprob", "perplexity", "bits_per_character", "note", "problem")
    return [[{name: plain(getattr(cell, name)) for name in names} for cell in row] for row in cells]


def plain(value: object) -> object:
    """Return a value as JSON can hold it."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


@dataclass(frozen=True)
class Apart:
    """What was found along one text; ``problems`` are sentences by pane."""

    places: tuple[Place, ...]
    pairs: tuple[Pair, ...]
    problems: Mapping[int, str]


@dataclass
class Walk:
    """All panes of a comparison reading one of its texts.

    Attributes:
        places: those that were read.
    """

    pool: Asker
    live: LiveComparison
    text_of: int
    places: list[Place] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many places there are."""
        return len(self.live.panes[self.text_of].steps)

    def go(self) -> Apart:
        """Read the text once; what was found is kept."""
        key = f"apart {self.text_of}"
        if key in self.live.found:
            return self.live.found[key]  # type: ignore[no-any-return]
        together = Lockstep.of(self.pool, [pane.record() for pane in self.live.panes], self.text_of)
        with closing(together.walk()) as walk:
            for place in walk:
                self.places.append(place)
                check_there(self.pool.left)
        found = Apart(tuple(self.places), together.pairs, dict(together.problems))
        if not together.problems:  # what was in the way may be gone next time
            self.live.keep(key, found, len(found.places) * len(found.pairs))
        return found


def apart_message(apart: Apart, count: int, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return a picture for each pair of ``count`` panes that can be compared, and why others cannot."""
    pairs = [
        {
            "name": f"{LETTERS[pair.one]} – {LETTERS[pair.other]}",
            "note": " ".join(filter(None, [in_words(pair.agreement.note, texts), _ignored(apart, number, texts)])),
            "figure": gaps_spec(apart.places, number, (LETTERS[pair.one], LETTERS[pair.other]), texts),
        }
        for number, pair in enumerate(apart.pairs)
    ]
    problems = [f"{LETTERS[place]}: {in_words(said, texts)}" for place, said in sorted(apart.problems.items())]
    return {"pairs": pairs, "problems": [*problems, *_strangers(apart, count, texts)]}


def _ignored(apart: Apart, pair: int, texts: Mapping[str, str]) -> str:
    """Say how much probability lay on ids that only one of a pair has."""
    most = max((gap.ignored for place in apart.places if (gap := place.gaps[pair])), default=0.0)
    return texts["compare_ignored"].format(share=f"{most:.2g}") if most else ""


def _strangers(apart: Apart, count: int, texts: Mapping[str, str]) -> list[str]:
    """Say which panes have different vocabularies."""
    fit = [place for place in range(count) if place not in apart.problems]
    found = {(pair.one, pair.other) for pair in apart.pairs}
    return [
        texts["compare_vocabularies"].format(one=LETTERS[one], other=LETTERS[other])
        for one, other in combinations(fit, 2)
        if (one, other) not in found
    ]
