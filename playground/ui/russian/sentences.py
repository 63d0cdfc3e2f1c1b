"""What failures and notes say in Russian, by their English templates; names of samplers and numbers, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from playground.samplers import all_samplers
from playground.ui.beam_controls import CONTROLS
from playground.ui.russian.beams import BEAMS
from playground.ui.russian.cuts import CUTS
from playground.ui.russian.errors_beams import BEAMS as BEAMS_REFUSED
from playground.ui.russian.errors_beams import COMPARE, NUMBERS
from playground.ui.russian.errors_catalog import CATALOG
from playground.ui.russian.errors_files import FILES, PAGE
from playground.ui.russian.errors_models import BACKENDS, MODELS
from playground.ui.russian.errors_settings import KEYS, SETTINGS
from playground.ui.russian.errors_writing import WRITING
from playground.ui.russian.penalties import PENALTIES
from playground.ui.russian.shipped import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator

TOPICS = (SETTINGS, KEYS, BEAMS_REFUSED, COMPARE, WRITING, MODELS, BACKENDS, CATALOG, FILES, PAGE)
SAID = {english: russian for topic in TOPICS for english, russian in topic.items()}


def declared() -> Iterator[tuple[str, str]]:
    """Yield the English and the Russian name of each sampler and number, and what its neutral value is called."""
    for key, said in (PENALTIES | CUTS).items():
        kind = all_samplers()[key]
        yield kind.label, said.label
        for name, spec in kind.knobs().items():
            yield spec.label, said.knobs[name]
            if spec.off:
                yield spec.off, said.off[name]
    for name, knob in CONTROLS.items():
        yield knob.label, BEAMS[f"beam_{name}"]


SENTENCES = dict(declared()) | NUMBERS | SHIPPED | SAID
