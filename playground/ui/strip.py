"""From a growing run to what the page's strip of tokens is told: only what is new."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from playground.records import StopReason
from playground.tokens import joined
from playground.ui.controls import settings_line
from playground.ui.peek import nearby
from playground.views.base import grouped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from playground.records import TokenStep
    from playground.store import LiveRun


def token_entry(step: TokenStep, text: str, texts: Mapping[str, str]) -> list[Any]:
    """Return text, probability before and after, rank, surprisal (bits), whether somebody chose it, entropy (bits).

    The entropy is that of the final distribution. Of an impossible token the surprisal is None. The last item is
    what ``peek.nearby`` says.
    """
    surprisal = step.surprisal_bits if step.surprisal_bits < math.inf else None
    snapshot = step.snapshot
    about = [step.model_prob, step.final_prob, step.rank, surprisal, step.chosen, snapshot.final_entropy_bits]
    return [text, *about, nearby(step, snapshot, texts)]


def strip_message(live: LiveRun, start: int, texts: Mapping[str, str]) -> dict[str, Any]:
    """Return what is new since token ``start``; from 0 on it is the whole run."""
    written = zip(live.steps[start:], live.shown[start:], strict=False)  # the last may be arriving
    running = live.stop_reason is None
    message = {
        "run": live.run_id,
        "from": start,
        "tokens": [token_entry(step, text, texts) for step, text in written],
        "rest": "" if running else live.joiner.rest,  # the beginning of a character that never came
        "stats": stats(live, texts),
        "running": running,
        "seed": live.params.seed,
        "chat": bool(live.asked.messages),
        "parent": [live.origin.run, live.origin.position] if live.origin and live.origin.run else None,
        "settings": settings_line(live.model, live.params, texts),
    }
    return message if start else message | {"prompt": joined(live.prompt_pieces)[0], "controls": live.controls}


def prompt_scores(scored: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """Return probability, rank, surprisal and entropy (bits) of a prompt's tokens but the first, and the perplexity.

    ``scored`` is a ``Scored`` as plain values.
    """
    logprobs: Sequence[float] = scored["logprobs"]
    bits = [-nats / math.log(2) for nats in logprobs]
    tokens = [
        [math.exp(nats), rank, surprisal if math.isfinite(surprisal) else None, entropy]
        for nats, rank, surprisal, entropy in zip(
            logprobs, scored["ranks"], bits, scored["entropies_bits"], strict=True
        )
    ]
    stat = [texts["stat_prompt"], perplexity_text(sum(bits) / len(bits)), texts["stat_prompt_help"]] if bits else None
    return {"tokens": tokens, "stat": stat}


def perplexity_text(mean_bits: float) -> str:
    """Return the perplexity of a text whose tokens have this surprisal in the mean."""
    return f"{2**mean_bits:.2f}" if mean_bits < 60 else "∞"  # noqa: PLR2004 (more has no meaning)


def stats(live: LiveRun, texts: Mapping[str, str]) -> list[list[str]]:
    """Return the line under the strip: label, value, and what it means where that is not plain."""
    count = len(live.steps)
    found = [[texts["stat_tokens"], grouped(count, texts), ""]]
    if live.timing:
        rate = live.timing.tokens_per_s
        found.append([texts["stat_rate"], f"{rate:.0f}" if rate else "–", texts["stat_rate_help"]])
        first = texts["seconds"].format(seconds=f"{live.timing.time_to_first_token_s:.2f}")
        found.append([texts["stat_first"], first, texts["stat_first_help"]])
    if written := len(live.text_steps):
        perplexity = perplexity_text(live.text_bits / written)
        found.append([texts["stat_perplexity"], perplexity, texts["stat_perplexity_help"]])
    found.append([texts["stat_ended" if live.stop_reason else "stat_state"], ending(live, texts), ""])
    found.append([texts["stat_seed"], str(live.params.seed), ""])
    return [*found, [texts["opened_from"], live.file, ""]] if live.file else found


def ending(live: LiveRun, texts: Mapping[str, str]) -> str:
    """Say why a run ended, or that it has not."""
    if live.stop_reason is None:
        return texts["running"]
    return texts[f"ended_{StopReason(live.stop_reason).value}"].format(
        count=len(live.steps), new=len(live.steps) - len(live.kept)
    )
