"""Four temperatures of one prompt against a bare batch of four, and against four runs in turn.

``python -m tests.bench.compare``. Each round takes all of them in turn on the same weights; prints medians and ratios.
"""

from __future__ import annotations

import statistics
from collections import deque
from typing import TYPE_CHECKING

from playground import backends
from playground.catalog import read_catalog
from playground.engine import Engine
from playground.panes import Pane
from playground.probe import exact_batch
from playground.records import Prompt, SamplingParams
from playground.side_by_side import write_all
from tests.bench.batch import PROMPT, BareLlama, Ours, seconds
from tests.browser import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

ROUNDS, TOKENS = 5, 32
TEMPERATURES = (0.1, 0.4, 0.7, 1.0)
MODEL = "smollm2-135m-instruct"


def going(_: int = 0) -> bool:
    """Nobody stops."""
    return True


def spent(events: Iterable[object]) -> deque[object]:
    """Take events and keep none, as a model's process does: draws that are kept take fresh pages of memory."""
    return deque(events, maxlen=0)


def main() -> None:
    """Measure and print; a batch that is not exact here is measured as somebody's choice, ``fast``."""
    model = backends.load(read_catalog(ROOT / "models.yaml").get(MODEL))
    engine, bare = Engine(model, exact_batch(model)), BareLlama(Ours(model), len(TEMPERATURES))
    vars(model)["eos_ids"] = frozenset()  # nothing ends early; a ban would cost a third of each chain
    settings = {"seed": 1, "max_new_tokens": TOKENS}
    panes = [
        Pane(Prompt(text=PROMPT), SamplingParams.from_dict(settings | {"temperature": number}))
        for number in TEMPERATURES
    ]
    times: dict[str, list[float]] = {"fast": [], "exact": [], "in turn": [], "bare batch": []}
    for _ in range(ROUNDS):
        times["fast"].append(seconds(lambda: spent(write_all(engine, panes, going, fast=True))))
        times["exact"].append(seconds(lambda: spent(write_all(engine, panes, going))))
        times["in turn"].append(seconds(lambda: [spent(engine.write(one.prompt, one.params, going)) for one in panes]))
        times["bare batch"].append(bare.shared(TOKENS - 1))
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"exact in batches of up to {engine.exact_batch}")
    for name, median in medians.items():
        against = " ".join(f"{medians[other] / median:.2f} × {other}" for other in ("bare batch", "in turn"))
        print(f"{name:>10}: {len(panes) * TOKENS / median:6.1f} tokens/s  {against}")


if __name__ == "__main__":
    main()
