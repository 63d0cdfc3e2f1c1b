"""The backends, one file each; ``load`` imports only the one that a model needs."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from playground.backends.base import LoadedModel, Loader
    from playground.catalog import ModelSpec


def load(spec: ModelSpec) -> LoadedModel:
    """Load a model into this process.

    Raises:
        ModelError: it cannot be loaded, with the backend's own reason.
    """
    module = importlib.import_module(f"{__name__}.{spec.backend}")
    return cast("Loader", module.load)(spec)
