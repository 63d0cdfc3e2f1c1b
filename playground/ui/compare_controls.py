"""What the view of comparisons offers: models, names of samplers, and what to compare at a press."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from playground.panes import MAX_PANES, MIN_PANES
from playground.samplers import all_samplers
from playground.sentences import in_words
from playground.ui.controls import to_json
from playground.views.base import sampler_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.catalog import Catalog

# Each pane's changes to the chain that stands at the side; a sampler that is None is taken out.
CUTS = ("top_k", "top_p", "min_p")
PRESETS: dict[str, tuple[dict[str, Any], ...]] = {
    "temperatures_two": tuple({"temperature": value} for value in (0.3, 1)),
    "temperatures_four": tuple({"temperature": value} for value in (0.1, 0.4, 0.7, 1)),
    "methods": (
        {"temperature": 0} | dict.fromkeys(CUTS),
        {"temperature": None} | dict.fromkeys(CUTS),
        {"temperature": None} | dict.fromkeys(CUTS) | {"top_p": 0.9},
    ),
}


def compare_spec(catalog: Catalog, texts: Mapping[str, str]) -> str:
    """Return what ``compare.js`` needs, as JSON."""
    return to_json({
        "models": [[spec.key, spec.title, in_words(spec.problem, texts)] for spec in catalog.models],
        "two": two_models(catalog),
        "adapter": adapted(catalog),
        "names": {key: sampler_name(key, texts) for key in all_samplers()},
        "presets": PRESETS,
        "least": MIN_PANES,
        "most": MAX_PANES,
    })  # fmt: skip


def two_models(catalog: Catalog) -> list[str]:
    """Return the first two models that can run here; fewer where there are fewer."""
    return [spec.key for spec in catalog.models if not spec.problem][:2]


def adapted(catalog: Catalog) -> list[str]:
    """Return a model without its adapter and with it, the first such two of models.yaml; none where there are none."""
    runnable = [spec for spec in catalog.models if not spec.problem]
    for tuned in runnable:
        for base in runnable:
            if tuned.adapter and not base.adapter and (base.backend, base.source) == (tuned.backend, tuned.source):
                return [base.key, tuned.key]
    return []
