"""What the makers of a GGUF file set for sampling."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

OWN_NUMBERS = {"top_k": "TOP_K", "top_p": "TOP_P", "min_p": "MIN_P"}


def own_settings(meta: Callable[[str], str | None]) -> dict[str, Any]:
    """Return what a file's ``general.sampling`` entries set, in the flat form; what is no number is left out."""

    def number(name: str, unset: float | None = None) -> float | None:
        try:
            value = float(meta(name) or "")
        except ValueError:
            return unset
        return value if math.isfinite(value) else unset

    found: dict[str, Any] = {"temperature": number("TEMP")}
    if number("MIROSTAT") == 2:  # noqa: PLR2004 (version 2, with which llama.cpp leaves everything else out)
        found["mirostat"] = {"tau": number("MIROSTAT_TAU", 5.0), "eta": number("MIROSTAT_ETA", 0.1)}
    else:
        found |= {key: number(name) for key, name in OWN_NUMBERS.items()}
        window = int(number("PENALTY_LAST_N", 64) or 0)  # 0 is off there, −1 everything; here 0 is everything
        if (penalty := number("PENALTY_REPEAT")) is not None and window:
            found["repetition_penalty"] = {"penalty": penalty, "window": max(0, window)}
        if (probability := number("XTC_PROBABILITY")) is not None:
            found["xtc"] = {"probability": probability, "threshold": number("XTC_THRESHOLD", 0.1)}
    found = {key: value for key, value in found.items() if value is not None}
    return found | {"order": "llama.cpp"} if found else {}
