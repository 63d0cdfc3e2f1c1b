"""The page in Russian: the words, and what it says of the samplers and the presets."""

from __future__ import annotations

from playground.ui.russian.beam_tree import BEAM_TREE
from playground.ui.russian.beams import BEAMS
from playground.ui.russian.compare import COMPARE
from playground.ui.russian.compare_numbers import COMPARE_NUMBERS
from playground.ui.russian.cuts import CUTS
from playground.ui.russian.first import FIRST
from playground.ui.russian.models import ALLOWED, MODELS
from playground.ui.russian.page import PAGE
from playground.ui.russian.penalties import PENALTIES
from playground.ui.russian.pictures import PICTURES
from playground.ui.russian.presets import PRESETS
from playground.ui.russian.saving import SAVING
from playground.ui.russian.sentences import SENTENCES
from playground.ui.russian.strip import STRIP
from playground.ui.russian.writing import WRITING

__all__ = ["PRESETS", "RUSSIAN", "SAMPLERS", "SENTENCES"]

SAMPLERS = PENALTIES | CUTS
NAMES = {f"sampler_{key}": said.label for key, said in SAMPLERS.items()}
VIEWS = MODELS | BEAMS | BEAM_TREE | COMPARE | COMPARE_NUMBERS
RUSSIAN = PAGE | FIRST | STRIP | SAVING | WRITING | PICTURES | VIEWS | ALLOWED | NAMES
