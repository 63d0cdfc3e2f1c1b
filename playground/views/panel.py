"""One panel of the waterfall: where its bars stand, how its axes run, and the line, band or step of its rule."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playground.samplers.rules import about
from playground.stages import FINAL, MODEL
from playground.views.base import AFTER, MONO, RULE, grouped, label, literal, percent, quiet_axis, rule_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.samplers.rules import Rule
    from playground.stages import Bar, Stage

Drawn = list[dict[str, Any]]

MAX_NAME = 10
MUTED = "#7c8aa0"
HEADROOM = 1.22  # over the tallest bar, for the label of the rule
LOWEST_FLOOR = 1e-12  # a line below it might as well be the axis
SHORT_AXIS = 300  # highest ÷ lowest
LOW_FLOOR = 0.15  # a floor below this share of the tallest bar is not to be seen on a linear axis
RESHAPES = ("named", "shape")
PILES = ("staircase", "staircase_under", "budget")
TAIL_GAP = 0.8  # in tokens
LABEL_FITS = 12  # tokens from the left, a label has more room at the right of an upright line
LABEL_TOKENS = 8  # so many tokens are below a label


@dataclass(frozen=True, slots=True)
class Column:
    """One bar of a panel.

    Attributes:
        x, width: its place, in tokens from the left.
        base, height: where it begins and how far it goes, in the unit of the panel's axis; no height, no bar.
        after: height of the narrow bar, where there is one.
        removed: it is hatched.
        marked: the rule names it.
        name: below the axis.
        token_id: None for tokens without a bar of their own, all together.
    """

    x: float
    width: float
    base: float
    height: float
    after: float | None
    removed: bool
    marked: bool
    name: str
    hover: str
    token_id: int | None = None

    @property
    def top(self) -> float:
        """How high it reaches."""
        return self.base + max(self.height, self.after or 0.0)

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.x + self.width / 2


@dataclass(frozen=True, slots=True)
class Scale:
    """The upright axis of a panel."""

    low: float
    high: float
    log: bool = False

    def place(self, value: float) -> float:
        """Return where plotly looks for a value of an annotation or a range: at its logarithm on such an axis."""
        return math.log10(value) if self.log else value


def columns_of(stage: Stage, texts: Mapping[str, str], *, tail_width: float) -> list[Column]:
    """Return the bars of a stage: one per token in rank order, then the tail, what stays of it and what goes."""
    geometry = stage.rule.geometry if stage.rule else "shape"
    named = set(stage.rule.token_ids) if stage.rule else set()
    found, pile = [], 0.0
    for place, bar in enumerate(stage.bars):
        base, height = _span(bar, stage.rule, pile)
        pile = base + height
        after = bar.after if geometry in RESHAPES and not bar.removed and stage.key != MODEL else None
        hover = "<br>".join([f"<b>{literal(bar.text)}</b> · id {bar.token_id}", *_tip(stage, bar, pile, texts)])
        looks = after, bar.removed, bar.token_id in named, label(bar.text, MAX_NAME), hover, bar.token_id
        found.append(Column(place, 0.82, base, height, *looks))
    left = len(stage.bars) - 0.5 + TAIL_GAP
    for stays in (True, False):
        column = _tail_column(stage, pile, texts, stays=stays, x=left + tail_width / 2, width=tail_width)
        if column:
            found.append(column)
            left += tail_width + TAIL_GAP
            pile = column.base + column.height
    return found


def _span(bar: Bar, rule: Rule | None, pile: float) -> tuple[float, float]:
    """Return where a bar begins and how far it goes: up from 0, from the bar before it, or from the entropy."""
    if rule is None or rule.geometry not in {*PILES, "distance"}:
        return 0.0, bar.before
    surprisal = -math.log2(bar.before or math.ulp(0.0))  # in bits; what rounds to 0 is no likelier than that
    if rule.geometry == "distance":
        return rule.center, surprisal - rule.center
    return pile, bar.before * surprisal if rule.geometry == "budget" else bar.before


def _tip(stage: Stage, bar: Bar, pile: float, texts: Mapping[str, str]) -> list[str]:
    if stage.key in {MODEL, FINAL}:
        return [percent(bar.before)]
    lines = [texts["waterfall_reached"].format(share=percent(bar.before))]
    if stage.rule and stage.rule.geometry in PILES:
        lines.append(texts["waterfall_pile"].format(pile=_measure(stage.rule, pile, texts)))
    if stage.rule and stage.rule.geometry == "distance":
        lines.append(
            texts["waterfall_away"].format(surprisal=f"{pile:.2f}", bits=f"{abs(pile - stage.rule.center):.2f}")
        )
    lines.append(texts["waterfall_gone"] if bar.removed else texts["waterfall_left"].format(share=percent(bar.after)))
    return [literal(line) for line in lines]


def _measure(rule: Rule, value: float, texts: Mapping[str, str]) -> str:
    if rule.geometry == "budget":
        return texts["waterfall_bits"].format(bits=f"{value:.2f}")
    return percent(min(1.0, value))


def _tail_column(
    stage: Stage, pile: float, texts: Mapping[str, str], *, stays: bool, x: float, width: float
) -> Column | None:
    """Return what stands for the tokens without a bar that stay, or for those that go."""
    tail, rule = stage.tail, stage.rule
    count = tail.kept if stays else tail.removed
    if not count:
        return None
    mass = tail.before - tail.removed_mass if stays else tail.removed_mass
    geometry = rule.geometry if rule else "shape"
    base, height = 0.0, mass
    if geometry in PILES:
        total, kept = _pile_ends(stage)
        base, height = pile, max(0.0, (kept if stays else total) - pile)
    if geometry == "distance" and rule:
        base, height = rule.center, 0.0
    after = tail.after if geometry in RESHAPES and stays and stage.key != MODEL else None
    lines = [literal(texts["waterfall_rest"].format(count=tokens_text(count, texts)))]
    if stage.key in {MODEL, FINAL}:
        lines.append(percent(mass))
    else:
        lines.append(literal(texts["waterfall_reached"].format(share=percent(mass))))
        left = texts["waterfall_left"].format(share=percent(tail.after))
        lines.append(literal(left if stays else texts["waterfall_gone"]))
    name = f"+{grouped(count, texts)}<br>{literal(percent(mass))}"
    if after is not None and stage.key != FINAL:
        name += f'<br><span style="color:{AFTER}">{literal(percent(after))}</span>'
    return Column(x, width, base, height, after, not stays, False, name, "<br>".join(lines))  # noqa: FBT003 (by place)


def _pile_ends(stage: Stage) -> tuple[float, float]:
    """Return how high the pile of all tokens is, and that of those that stay."""
    kept = 1 - stage.removed_mass
    if stage.rule and stage.rule.geometry == "budget":  # −Σ p log₂ p, of p = kept × what p is afterwards
        return stage.entropy_before_bits, kept * (stage.entropy_after_bits - math.log2(kept))
    return 1.0, kept


def scale_of(stage: Stage, panel: list[Column]) -> Scale:
    """Return the axis of a panel: tokens and rule fit in; not always the tail, nor what is far outside a band."""
    rule, tokens = stage.rule, panel[: len(stage.bars)]
    if rule and rule.geometry in PILES:
        return Scale(0.0, 1.12 * _pile_ends(stage)[0])
    if rule and rule.geometry == "distance":
        ends = [*_band_ends(rule), *(column.base + column.height for column in tokens)]
        high = min(max(ends), rule.center + max(3 * rule.at, 1.0))
        pad = 0.08 * (high - min(ends))
        return Scale(min(ends) - pad, high + 2.5 * pad)
    line = rule.at if rule and rule.geometry in {"floor", "ceiling"} else 0.0
    top = max(max(column.height, column.after or 0.0) for column in tokens)
    if LOWEST_FLOOR < line < LOW_FLOOR * top:
        low = min(max(min(column.height for column in tokens), line / 30), line)
        return Scale(low / 2, min(2.5 * top, 1.5), log=True)
    return Scale(0.0, HEADROOM * max(line, top))


def tokens_text(count: int, texts: Mapping[str, str]) -> str:
    """Return a number of tokens in words."""
    return texts["waterfall_token" if count == 1 else "waterfall_tokens"].format(count=grouped(count, texts))


def axes(stage: Stage, panel: list[Column], scale: Scale, *, names: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return both axes; below the tokens stand their names where there is room, below the tail always its numbers."""
    shown = panel if names else panel[len(stage.bars) :]
    x_axis = quiet_axis(
        tickmode="array",
        tickvals=[column.x for column in shown],
        ticktext=[_tick(column, scale) for column in shown],
        tickangle=-90,
        tickfont={"family": MONO, "size": 9.5},
        ticklabeloverflow="allow",
        ticks="",
    )
    y_axis = quiet_axis(nticks=4, tickfont={"size": 9}, tickformat=".2~%", ticks="")
    y_axis["range"] = [scale.place(scale.low), scale.place(scale.high)]
    if scale.log:
        marks = decades(scale.low, scale.high)
        y_axis |= {"type": "log", "tickmode": "array", "tickvals": marks, "ticktext": [percent(mark) for mark in marks]}
    rule = stage.rule
    if rule and rule.geometry == "budget":
        y_axis["tickformat"] = "~r"
    if rule and rule.geometry == "distance":
        marks = sorted([*_band_ends(rule), rule.center])
        y_axis |= {
            "tickmode": "array",
            "tickvals": marks,
            "ticktext": [f"{mark:.1f}" for mark in marks],
        }
    return x_axis, y_axis


def decades(low: float, high: float) -> list[float]:
    """Return round numbers for a logarithmic axis: powers of ten, and 2 and 5 times these where it is short.

    >>> decades(0.008, 0.6)
    [0.01, 0.02, 0.05, 0.1, 0.2, 0.5]
    """
    steps = (1, 2, 5) if high / low < SHORT_AXIS else (1,)
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    marks = [float(f"{step}e{exponent}") for exponent in exponents for step in steps]
    return [mark for mark in marks if low <= mark <= high]


def _tick(column: Column, scale: Scale) -> str:
    """Return the name of a bar, muted where it goes, with an arrow where it is taller than the axis."""
    name = ("→ " if column.top > scale.high else "") + column.name  # the name is turned, and points up
    return f'<span style="color:{MUTED}">{name}</span>' if column.removed else name


def rule_drawn(
    stage: Stage, panel: list[Column], scale: Scale, axis: str, texts: Mapping[str, str]
) -> tuple[Drawn, Drawn]:
    """Return the shapes of a stage's rule, and the labels at them."""
    rule = stage.rule
    if rule is None or rule.geometry in {"named", "shape"}:
        return [], []
    words = literal(rule_words(rule, texts))
    refs = {"xref": f"x{axis}", "yref": f"y{axis}"}
    line = {"type": "line", "line": {"color": RULE, "width": 1.5}, **refs}
    tag = {"showarrow": False, "font": {"size": 10.5, "color": RULE}, "yanchor": "bottom", **refs}
    across = line | {"yref": f"y{axis} domain", "x0": _cut_at(panel), "x1": _cut_at(panel), "y0": 0, "y1": 1}
    if rule.geometry == "cut":
        place = {"yref": f"y{axis} domain", "y": 1, "yanchor": "top"}
        side = "left" if _cut_at(panel) < LABEL_FITS else "right"
        return [across], [tag | place | {"text": f" {words} ", "x": _cut_at(panel), "xanchor": side}]
    if rule.geometry == "distance":
        return _band(rule, line, tag, len(stage.bars) - 0.5, texts)
    end = len(stage.bars) - 0.5
    if rule.geometry in PILES:
        right = panel[-1].right
        room = {"x": -0.6, "xanchor": "left"}  # above the line, where the pile begins; else below it, where it ends
        if _cut_at(panel) < LABEL_TOKENS:
            room = {"x": right, "xanchor": "right", "yanchor": "top"}
        dots = across | {"line": {"color": RULE, "width": 1, "dash": "dot"}}
        level = line | {"x0": -0.7, "x1": right, "y0": rule.at, "y1": rule.at}
        return [level, dots], [tag | {"text": words, "y": rule.at} | room]
    level = line | {"x0": -0.7, "x1": end, "y0": rule.at, "y1": rule.at}  # for single tokens, not for a sum of them
    said = literal(about(rule.at)) if rule.geometry == "floor" else words
    above = max([rule.at, *(column.height for column in panel[: len(stage.bars)][-LABEL_TOKENS:])])
    return [level], [tag | {"text": said, "x": end, "xanchor": "right", "y": scale.place(above)}]


def _cut_at(panel: list[Column]) -> float:
    """Return the middle between the last bar that stays and the first that goes."""
    last = max(column.right for column in panel if not column.removed)
    return (last + min(column.x - column.width / 2 for column in panel if column.removed)) / 2


def _band(
    rule: Rule, line: dict[str, Any], tag: dict[str, Any], end: float, texts: Mapping[str, str]
) -> tuple[Drawn, Drawn]:
    """Return the band around the entropy in which tokens stay, and the entropy itself."""
    low, high = _band_ends(rule)
    across = {"x0": -0.7, "x1": end}
    band = {"type": "rect", "y0": low, "y1": high, "fillcolor": RULE, "opacity": 0.12, "line": {"width": 0}}
    shapes = [line | across | band | {"layer": "below"}, line | across | {"y0": rule.center, "y1": rule.center}]
    text = texts["waterfall_band"].format(bits=f"{rule.at:.2f}")
    return shapes, [tag | {"text": text, "x": -0.6, "y": high, "xanchor": "left"}]


def _band_ends(rule: Rule) -> tuple[float, float]:
    """Return the least and the most surprisal that stays; below 0 there is none."""
    return max(0.0, rule.center - rule.at), rule.center + rule.at
