"""The words of the written tokens: what their color says."""

from __future__ import annotations

STRIP: dict[str, str] = {
    "token_about": "{before} before · {after} after · rank {rank}",
    "token_label": "{piece}, token {number}, {about}",
    "peek_rank": "token {number} · rank {rank} of {vocab} · {bits} bits",
    "peek_token": "token",
    "peek_drawn": "◀ drawn",
    "peek_chosen": "◀ chosen",
    "peek_others": "{count} others",
    "peek_foot": "entropy {before} → {after} bits · {support} can be drawn",
    "color": "Color",
    "color_help": "What the color of a written token says, and the thickness of the line under it.",
    "color_surprisal": "surprisal",
    "color_surprisal_low": "0 bits: expected",
    "color_surprisal_high": "{bits} bits or more: a surprise",
    "color_surprisal_said": "surprisal {bits} bits",
    "color_surprisal_help": (
        "How unexpected the token was to the model alone: −log₂ of its probability before the chain. A token with one "
        "half has 1 bit, one in a thousand has 10."
    ),
    "color_probability": "probability",
    "color_probability_low": "100%: certain",
    "color_probability_high": "0%: hardly possible",
    "color_probability_help": "The share with which the token was drawn, after the chain: how lucky it was.",
    "color_entropy": "entropy",
    "color_entropy_low": "0 bits: decided",
    "color_entropy_high": "{bits} bits or more: open",
    "color_entropy_said": "entropy after {bits} bits",
    "color_entropy_help": (
        "How open the draw was, after the chain, whichever token came: 0 bits where one token was certain, 6 bits "
        "where it was like 64 equally likely ones."
    ),
    "color_none": "none",
}
