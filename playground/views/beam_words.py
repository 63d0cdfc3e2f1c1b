"""What the picture of a beam search says: title, legend, tips, and the sentence on another length penalty."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from playground.hypotheses import Ending, Fate, SearchEnd, rows
from playground.reranking import Course, rerank
from playground.views.base import AFTER, BEFORE, COUNTED, DRAWN, grouped, literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playground.beam_settings import BeamParams
    from playground.hypotheses import BeamStep
    from playground.reranking import Reranked
    from playground.views.beam_paths import Node, Paths

BEST = "#16a34a"
GREEDY, SAMPLED = DRAWN, COUNTED
HOVER_CHARS = 80
LINE_CHARS, WHY_CHARS = 46, 56
LEGEND = (
    (BEST, "━", "beams_best"),
    (AFTER, "●", "beams_lives"),
    (BEFORE, "○", "beams_dead"),
    (BEFORE, "×", "beams_pruned"),
    (AFTER, "■", "beams_finished"),
    (AFTER, "▶", "beams_running"),
)
OVERLAYS = {"greedy": (GREEDY, "◇"), "sampled": (SAMPLED, "△")}


def number(value: float, digits: int = 3) -> str:
    """Return a number with a real minus sign.

    >>> number(-1.5, 2), number(float("-inf"))
    ('−1.50', '−∞')
    """
    if math.isinf(value):
        return "−∞" if value < 0 else "∞"
    return f"{value:.{digits}f}".replace("-", "−")


def legend(tree: Paths, overlays: Sequence[str], more: str, texts: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return color, sign and words of each kind of line and point, those of paths laid over the tree last.

    ``more`` is one of the numbers below the columns, as it stands there; "" where there is none.
    """
    own = [(color, sign, texts[words]) for color, sign, words in LEGEND]
    best = texts["beams_best" if tree.end else "beams_best_yet"].format(penalty=power(tree.params.length_penalty))
    counted = [("", more, texts["beams_more"])] if more else []
    laid = [(*OVERLAYS[name], texts[f"beams_{name}"]) for name in overlays]
    return [(*own[0][:2], best), *own[1:], *counted, *laid]


def power(length_penalty: float) -> str:
    """Return a length penalty as it is, with a real minus sign."""
    return f"{length_penalty:g}".replace("-", "−")


def title(tail: str, texts: Mapping[str, str]) -> str:
    """Return what the picture shows."""
    return texts["beams_after"].format(tail=tail)


def subtitle(tree: Paths, texts: Mapping[str, str], unended: str = "beams_goes_on") -> str:
    """Return how far the search is, and why it ended; ``unended`` names the words where it has no end."""
    done = sum(node.fate is Fate.FINISHED for step in tree.nodes for node in step)
    counts = {"steps": grouped(len(tree.nodes), texts), "finished": grouped(done, texts)}
    ending = f"beams_end_{tree.end.value}" if tree.end else unended
    if tree.end is SearchEnd.STOPPED and not tree.nodes:
        ending = "beams_never"
    return f"{texts['beams_so_far'].format(**counts)} {texts[ending]}"


def why(node: Node, tree: Paths, texts: Mapping[str, str]) -> str:
    """Return what became of a continuation, and why."""
    said = texts[f"beams_why_{_reason(node, tree)}"].format(
        rank=node.rank, considered=node.considered, beams=tree.params.group_beams, tokens=node.position + 1
    )
    if node.fate is not Fate.KEPT or node.lives:
        return said
    return said + texts["beams_why_dropped"].format(step=max(node.last_kept, node.position) + 2)


def _reason(node: Node, tree: Paths) -> str:
    ending = node.item.ending if node.item else None
    if node.fate is Fate.FINISHED:
        return "eos" if ending is Ending.EOS else "length"
    if node.fate is Fate.PRUNED:
        return ("ended_late" if node.late else "ended_worse") if ending else "pruned"
    if not tree.end or node not in tree.running:
        return "kept"
    return "stopped" if tree.end is SearchEnd.STOPPED else "over"


def tip(node: Node, tree: Paths, texts: Mapping[str, str]) -> list[Any]:
    """Return the numbers of a tip as strings, its id first; ``tip_form`` has the words around them."""
    item = node.item
    if item is None:
        return [node.id]
    text = node.text if len(node.text) <= HOVER_CHARS else "…" + node.text[-HOVER_CHARS:]
    return [
        node.id, literal(node.label), node.position + 1, number(item.logprob), number(item.step), number(item.total),
        number(item.score), node.rank, node.considered, "<br>".join(_lines(why(node, tree, texts))),
        "<br>".join(map(literal, _cut(text))),
    ]  # fmt: skip


def told(node: Node, tree: Paths, texts: Mapping[str, str], whole: str) -> list[str]:
    """Return the lines of a tip as plain text with the whole text, for where there is room and no pointer."""
    item = node.item
    if item is None:
        return []
    form = texts["beams_tip"]
    for tag in ("<b>", "</b>", "<i>", "</i>"):
        form = form.replace(tag, "")
    values = {"token": node.label, "number": node.position + 1, "rank": node.rank, "considered": node.considered}
    numbers = {name: number(getattr(item, name)) for name in ("logprob", "step", "total", "score")}
    lines = form.split("\n")
    return [line.format(**values, **numbers, why=why(node, tree, texts), text=whole) for line in lines]


def tip_form(texts: Mapping[str, str]) -> str:
    """Return the words of a tip as plotly's template."""
    return texts["beams_tip"].format(**{
        name: f"%{{customdata[{place}]}}"
        for place, name in enumerate(
            ("token", "number", "logprob", "step", "total", "score", "rank", "considered", "why", "text"), start=1
        )
    }).replace("\n", "<br>") + "<extra></extra>"  # fmt: skip


def _cut(text: str) -> list[str]:
    return [text[start : start + LINE_CHARS] for start in range(0, len(text), LINE_CHARS)]


def _lines(words: str) -> list[str]:
    """Wrap a sentence for a tip."""
    if len(words) <= WHY_CHARS:
        return [literal(words)]
    lines = [""]
    for word in literal(words).split(" "):
        if len(lines[-1]) + len(word) > WHY_CHARS:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return lines


def shown_row(row: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """Return a row of ``hypotheses.rows`` with its numbers as the page's table of texts shows them."""
    numbers = {name: number(row[name]) for name in ("score", "total", "mean")}
    ending = texts[f"beams_ending_{row['ending']}"]
    return {**row, **numbers, "tokens": grouped(row["tokens"], texts), "ending": ending}


def course_words(found: Reranked, length_penalty: float, params: BeamParams, texts: Mapping[str, str]) -> str:
    """Return how the search itself would have gone under another length penalty."""
    if length_penalty == params.length_penalty:
        return texts["beams_course_own"]
    values = {"penalty": power(length_penalty), "step": (found.position or 0) + 1}
    said = [texts[f"beams_course_{found.course.value}"].format(**values)]
    if found.course not in {Course.LATER, Course.UNKNOWN} and found.hypotheses:
        same = found.hypotheses[0].token_ids == found.texts[0].token_ids
        said.append(texts["beams_course_first" if same else "beams_course_other"])
    return " ".join([*said, texts["beams_course_tree"].format(penalty=power(params.length_penalty))])


def what_if(
    steps: Sequence[BeamStep], params: BeamParams, length_penalty: float, texts: Mapping[str, str]
) -> dict[str, Any]:
    """Return the table under a length penalty and the sentence about it, as plain values.

    Raises:
        SettingError: the length penalty is outside its range.
    """
    if not steps:
        return {"rows": [], "said": ""}
    found = rerank(steps, params, length_penalty)
    said = course_words(found, length_penalty, params, texts) if steps[-1].end else ""
    return {"rows": [shown_row(row, texts) for row in rows(found.texts)], "said": said}
