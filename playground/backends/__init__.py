"""The backends, one file each; ``load`` imports only the one that a model needs."""

from __future__ import annotations

import hashlib
import importlib
from typing import TYPE_CHECKING, cast

from playground.errors import ModelError

if TYPE_CHECKING:
    from playground.backends.base import LoadedModel, Loader
    from playground.catalog import ModelSpec

NOT_YET = ("adapter", "dtype", "presets")  # keys of models.yaml that wait for the backend they are for


def load(spec: ModelSpec) -> LoadedModel:
    """Load a model into this process.

    Raises:
        ModelError: it cannot be loaded, with the backend's own reason, or asks for what no backend does yet.
    """
    unmet = [name for name in NOT_YET if getattr(spec, name)]
    if unmet:
        raise ModelError(f"{spec.key} sets {unmet[0]}, which nothing acts on yet.", hint="Remove it from models.yaml.")
    if spec.sha256 and spec.file:
        with spec.file.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != spec.sha256:
            raise ModelError(f"{spec.key} is another file than models.yaml says: its sha256 is {found}.")
    module = importlib.import_module(f"{__name__}.{spec.backend}")
    return cast("Loader", module.load)(spec)
