"""The message behind the picture: figure, title, numbers and what each sampler did, for one place in a text."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from playground.chain import SHORTLIST
from playground.sentences import in_words
from playground.tokens import visible
from playground.ui.controls import settings_line
from playground.views.base import grouped, percent, sampler_name, worded
from playground.views.distribution import figure_spec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from playground.records import LinkNote, SamplingParams, Snapshot, TokenStep

TAIL_CHARS = 32
ALTERNATIVES = 6


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture is taken.

    Attributes:
        where: what the page sends back to try other settings here.
        tail: the last bytes before it.
        model: key of the model.
        params: the settings that the picture shows.
        written: the token that stands there, where one does.
        recorded: the picture is the run's own record, not a what-if.
        follow: the picture follows a growing run; the page may prefer what a person clicked.
        recomputed: the model had to run for it.
        counts: how often each token id came in a number of draws.
        given: the token that stands there is that of a prompt, with this number, counted from 1; 0 where it is none.
        taken: it is one of a beam search's tree, with this number after the prompt; 0 where it is none.
    """

    where: Mapping[str, Any]
    tail: bytes
    model: str
    params: SamplingParams
    written: TokenStep | None = None
    recorded: bool = False
    follow: bool = False
    recomputed: bool = False
    counts: Mapping[int, int] = field(default_factory=dict)
    given: int = 0
    taken: int = 0


def picture(step: TokenStep, place: Place, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the message for ``plot.js``."""
    snapshot = step.snapshot
    stands = bool(place.given or place.taken)
    drawn = step.token_id if place.params.seed is not None or stands else None
    return {
        "title": _title(place, texts),
        "draw": _draw(step, place, texts),
        "dart": dart(step) if place.params.seed is not None and not step.chosen else None,
        "note": " ".join(_notes(snapshot, place, texts)),
        "figure": figure_spec(snapshot, drawn, texts, place.counts),
        "numbers": numbers(snapshot, texts),
        "links": {link.key: link_text(link, texts) for link in snapshot.links},
        "settings": settings_line(place.model, place.params, texts),
        "follow": place.follow,
        "place": place.where,
        "recorded": place.recorded,
        "chain": chain_of(place.params),
        "seed": place.params.seed,
        "counted": sum(place.counts.values()),
        "drawn": drawn,
        "given": place.given,
        "stands": texts["given_legend" if stands else "drawn"],
        "alternatives": alternatives(snapshot, texts),
        "orders": "",
    }


def chain_of(params: SamplingParams) -> dict[str, Any]:
    """Return the settings of the samplers as the page's chain holds them."""
    return {item.key: item.to_value() for item in params.samplers} | {"order": params.order}


def _notes(snapshot: Snapshot, place: Place, texts: Mapping[str, str]) -> Iterator[str]:
    if place.recomputed:
        yield texts["recomputed"]
    if place.counts:
        yield _counted(snapshot, place, texts)
    if vain := place.params.without_effect:
        names = ", ".join(sampler_name(item.key, texts).lower() for item in vain[1])
        yield texts["without_effect"].format(sampler=worded(vain[0].summary, texts), names=names)
    lucky = [sampler_name(item.key, texts) for item in place.params.chain if item.uses_luck and not item.is_neutral]
    if lucky and place.params.seed is None:
        yield texts["seed_zero"].format(names=", ".join(lucky))
    for sampler in place.params.chain:
        note = sampler.note(snapshot)
        if note:
            yield in_words(note, texts)


def _counted(snapshot: Snapshot, place: Place, texts: Mapping[str, str]) -> str:
    """Say how far chance alone takes the most probable token; 1.96 standard deviations of a binomial share."""
    total = sum(place.counts.values())
    best = max(snapshot.candidates, key=lambda item: item.final_prob)
    spread = 1.96 * math.sqrt(best.final_prob * (1 - best.final_prob) / total)
    share = place.counts.get(best.token_id, 0) / total
    return texts["counted_note"].format(
        total=grouped(total, texts),
        seed=place.params.seed or 0,
        expected=percent(best.final_prob),
        spread=texts["points"].format(points=f"{100 * spread:.1f}"),
        share=percent(share),
    )


def _title(place: Place, texts: Mapping[str, str]) -> str:
    tail = tail_text(place.tail)
    if place.given:
        return texts["given"].format(number=place.given, tail=tail)
    if place.taken:
        return texts["taken"].format(number=place.taken, tail=tail)
    if place.written is None:
        return texts["looking"].format(tail=tail)
    return texts["written" if place.recorded else "replay"].format(number=place.written.position + 1, tail=tail)


def tail_text(tail: bytes) -> str:
    """Return the end of a text in one line, for a title; ``tail`` may begin inside a character."""
    text = " ".join(tail.decode("utf-8", "ignore").split())
    if len(text) <= TAIL_CHARS:
        return text
    cut = text[-TAIL_CHARS:]
    return "… " + (cut.partition(" ")[2] or cut)


def _draw(step: TokenStep, place: Place, texts: Mapping[str, str]) -> str:
    token, seed = visible(step.piece), place.params.seed
    if number := place.given or place.taken:
        model, final = percent(step.model_prob), percent(step.final_prob)
        rank, said = grouped(step.rank, texts), texts["given_now" if place.given else "taken_now"]
        return said.format(number=number, token=token, before=model, after=final, rank=rank)
    if seed is None:
        return ""
    if step.chosen:
        return texts["chosen_now"].format(number=step.position + 1, token=token, share=percent(step.final_prob))
    said = texts["drawn_now"].format(seed=seed, number=step.position + 1, luck=step.luck, token=token)
    if place.written is None or place.recorded:
        return said
    same = place.written.token_id == step.token_id
    return texts["same" if same else "differs"].format(written=visible(place.written.piece), token=token)


def dart(step: TokenStep) -> dict[str, Any]:
    """Return luck and what it falls on: text and share of the best tokens, from the most probable down; ties by id.

    What their shares leave of 1 belongs to all others.
    """
    best = sorted(step.snapshot.candidates, key=lambda item: (-item.final_prob, item.token_id))[:SHORTLIST]
    parts = [[visible(item.piece), item.final_prob] for item in best if item.final_prob]
    hit = next((place for place, item in enumerate(best) if item.token_id == step.token_id), None)
    return {"luck": step.luck, "parts": parts, "hit": hit}


def alternatives(snapshot: Snapshot, texts: Mapping[str, str]) -> list[list[Any]]:
    """Return id, text and share of the tokens that are most likely to be drawn, for a text to go on with.

    Where fewer are left, the most probable of those that are removed follow, and say so.
    """
    best = sorted(snapshot.candidates, key=lambda item: (-item.final_prob, item.rank))[:ALTERNATIVES]
    shares = (texts["go_on_removed"] if item.removed_by else percent(item.final_prob) for item in best)
    return [[item.token_id, visible(item.piece), share] for item, share in zip(best, shares, strict=True)]


def numbers(snapshot: Snapshot, texts: Mapping[str, str]) -> list[list[str]]:
    """Return the numbers beside the picture: label, value, and what it means."""
    entropy = texts["entropy_value"].format(before=snapshot.model_entropy_bits, after=snapshot.final_entropy_bits)
    support = texts["support_value"].format(
        support=grouped(snapshot.support, texts), vocab=grouped(snapshot.vocab_size, texts)
    )
    return [
        [texts["entropy"], entropy, texts["entropy_help"]],
        [texts["support"], support, texts["support_help"]],
        [texts["removed_mass"], percent(snapshot.removed_mass), texts["removed_mass_help"]],
    ]


def link_text(link: LinkNote, texts: Mapping[str, str]) -> str:
    """Say in a line what a sampler did; a run's own records hold the number of tokens only."""
    if link.removed:
        mass = "" if link.removed_mass is None else texts["link_mass"].format(mass=percent(link.removed_mass))
        return texts["link_removed"].format(tokens=_tokens(link.removed, texts)) + mass
    if link.entropy_before_bits is None or link.entropy_after_bits is None:
        return ""
    return texts["link_entropy"].format(before=link.entropy_before_bits, after=link.entropy_after_bits)


def orders_text(orders: Mapping[str, Any] | None, texts: Mapping[str, str]) -> str:
    """Say how many tokens the settings keep in each of the two named orders; "" where there is nothing to order."""
    if orders is None:
        return ""
    first, second = (_tokens(count, texts) for _, count in orders["supports"])
    if not orders["differ_count"]:
        return texts["order_same"].format(count=first)
    named = ", ".join(texts["quoted"].format(text=visible(piece)) for piece in orders["differ"])
    more = orders["differ_count"] - len(orders["differ"])
    named += texts["order_more"].format(count=grouped(more, texts)) if more else ""
    swap = texts["order_swap"] if first == second else ""
    return texts["order_keep"].format(first=first, second=second) + swap + texts["order_differ"].format(tokens=named)


def _tokens(count: int, texts: Mapping[str, str]) -> str:
    return texts["order_tokens_one"] if count == 1 else texts["order_tokens"].format(count=grouped(count, texts))
