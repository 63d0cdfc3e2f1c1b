"""A comparison as files: everything in JSON, and one page of HTML that needs neither server nor network.

The page holds plotly's own script, the same figures, and for each token what it was drawn from, as long as that is not
too much to keep.
"""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

from playground.records import shallow
from playground.saved import to_dict
from playground.sentences import in_words
from playground.ui.compare import LETTERS
from playground.ui.compare_numbers import Walk, apart_message, cells_of, flat, matrix, plain, summary
from playground.ui.controls import settings_line, to_json
from playground.ui.explore import recorded_place
from playground.ui.picture import picture
from playground.ui.strip import stats
from playground.ui.theme import ASSETS, PLOTLY_JS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playground.asker import Asker
    from playground.comparisons import LiveComparison
    from playground.distances import Distance
    from playground.store import LiveRun
    from playground.ui.compare import Compare
    from playground.ui.compare_numbers import Apart

FORMAT, VERSION = "sampling-playground-comparison", 1
MOST_PICTURES = 400  # of single tokens; one takes some 8 kB
FULL_BITS = 10  # as colors.js


def to_flat(pool: Asker, live: LiveComparison) -> dict[str, Any]:
    """Return a comparison as plain values; what lies between the panes is computed along the first one's text."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "luck": "common" if live.common else "own",
        "fast": live.fast,
        "reference": live.reference,
        "panes": [to_dict(run.record()) for run in live.panes],
        "settings_that_differ": live.settings_that_differ,
        "matrix": flat(cells_of(pool, live)),
        "apart": _flat_apart(Walk(pool, live, 0).go()),
        "messages": [[list(turn) for turn in run.asked.messages] for run in live.panes],
        "votes": live.votes,
    }


def _flat_apart(apart: Apart) -> dict[str, Any]:
    pairs = [
        {
            "panes": [LETTERS[pair.one], LETTERS[pair.other]],
            "note": pair.agreement.note,
            "places": [
                gap and {"raw": _flat_distance(gap.raw), "final": _flat_distance(gap.final), "ignored": gap.ignored}
                for gap in (place.gaps[number] for place in apart.places)
            ],
        }
        for number, pair in enumerate(apart.pairs)
    ]
    problems = {LETTERS[place]: said for place, said in apart.problems.items()}
    return {"along": LETTERS[0], "pairs": pairs, "problems": problems}


def _flat_distance(distance: Distance) -> dict[str, object]:
    return {name: plain(value) for name, value in shallow(distance).items()}


def report(compare: Compare, live: LiveComparison, pool: Asker) -> Iterator[str]:
    """Yield the page of HTML in parts."""
    texts = compare.texts
    found, shown = apart_message(Walk(pool, live, 0).go(), len(live.panes), texts), matrix(pool, live, texts)
    figures = {f"pair-{number}": pair["figure"] for number, pair in enumerate(found["pairs"])}
    figures["matrix"] = shown["figure"]
    pictures = _pictures(live, texts)
    yield _HEAD.format(language=compare.language, title=escape(texts["compare_summary"]), css=_css())
    yield f"<h1>{escape(texts['title'])} · {escape(texts['view_compare'])}</h1>"
    yield f"<p>{escape(compare.message(live)['parted'])}</p>"
    yield '<div class="panes">' + "".join(_pane(run, place, texts) for place, run in enumerate(live.panes)) + "</div>"
    yield f"<p>{escape(texts['compare_click' if pictures else 'compare_many'])}</p>"
    yield from _table(summary(live, live.reference, texts), live.reference)
    yield _notes(compare.voted(vote) for vote in live.votes)
    for number, pair in enumerate(found["pairs"]):
        yield _figure(f"{texts['compare_gaps']}: {pair['name']}", f"pair-{number}", [pair["note"]])
    yield _notes(found["problems"])
    yield _figure(texts["compare_matrix"], "matrix", shown["notes"])
    yield f'<script type="application/json" id="figures">{to_json(figures)}</script>'
    yield f'<script type="application/json" id="pictures">{to_json(pictures)}</script>'
    yield "<script>" + PLOTLY_JS.read_text(encoding="utf-8") + "</script>"
    yield "<script>" + (ASSETS / "report.js").read_text(encoding="utf-8") + "</script></body></html>\n"


def _css() -> str:
    return (ASSETS / "report.css").read_text(encoding="utf-8")


_HEAD = (
    '<!doctype html><html lang="{language}"><head><meta charset="utf-8"><meta http-equiv="content-security-policy" '
    "content=\"default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:\">"
    '<meta name="viewport" content="width=device-width"><title>{title}</title><style>{css}</style></head><body>'
)


def _pane(run: LiveRun, place: int, texts: Mapping[str, str]) -> str:
    prompt = b"".join(run.prompt_pieces).decode(errors="replace")  # a character may lie across tokens
    tokens = "".join(
        f'<span class="tok" tabindex="0" data-pane="{place}" data-token="{number}" '
        f'style="--heat:{min(1, step.surprisal_bits / FULL_BITS):.3f}">{escape(shown)}</span>'
        for number, (step, shown) in enumerate(zip(run.steps, run.shown, strict=True))
    )
    line = settings_line(run.model, run.params, texts)
    numbers = " · ".join(f"{name} {value}" for name, value, _ in stats(run, texts))
    error = f'<p class="bad">{escape(in_words(run.error, texts))}</p>' if run.error else ""
    notes = _notes(in_words(note, texts) for note in run.notes)
    return (
        f"<section><h2>{LETTERS[place]}</h2><p>{escape(line)}</p>{error}"
        f'<div class="text"><span class="prompt">{escape(prompt)}</span>{tokens}</div>'
        f'<p>{escape(numbers)}</p>{notes}<div class="picture" id="picture-{place}"></div></section>'
    )


def _notes(lines: object) -> str:
    return "".join(f'<p class="note">{escape(str(line))}</p>' for line in lines or () if line)  # type: ignore[attr-defined]


def _table(found: Mapping[str, Any], reference: str) -> Iterator[str]:
    heads = "".join(f'<th title="{escape(about)}">{escape(name)}</th>' for name, about in found["heads"])
    yield f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>'
    for row in found["rows"]:
        yield "<tr>" + "".join(f"<td>{escape(value)}</td>" for value in row) + "</tr>"
    yield "</tbody></table></div>"
    yield _notes([reference, found["note"]])
    for other in found["diff"]:
        parts = "".join(
            escape(left) if kind == "equal" else f"<del>{escape(left)}</del><ins>{escape(right)}</ins>"
            for kind, left, right in other["parts"]
        )
        yield f'<p class="diff"><b>{escape(other["name"])}</b> {escape(other["note"])}{parts}</p>'


def _figure(title: str, name: str, notes: list[str]) -> str:
    return f'<section><h2>{escape(title)}</h2><div class="figure" data-figure="{name}"></div>{_notes(notes)}</section>'


def _pictures(live: LiveComparison, texts: Mapping[str, str]) -> list[list[dict[str, Any]]]:
    """Return what each token was drawn from, by pane; none where that is too much for one file."""
    if sum(len(run.steps) for run in live.panes) > MOST_PICTURES:
        return []
    return [
        [_token(picture(step, recorded_place(run, place), texts)) for place, step in enumerate(run.steps)]
        for run in live.panes
    ]


def _token(shown: Mapping[str, Any]) -> dict[str, Any]:
    numbers = [item[:2] for item in shown["numbers"]]
    return {"title": shown["title"], "figure": shown["figure"], "numbers": numbers}


def to_text(flat_comparison: Mapping[str, Any]) -> str:
    """Return it as JSON."""
    return json.dumps(flat_comparison, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
