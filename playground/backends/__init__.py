"""The backends, one file each; ``load`` imports only the one that a model needs."""

from __future__ import annotations

import hashlib
import importlib
from typing import TYPE_CHECKING, cast

from playground.backends.base import Report, silent
from playground.errors import ModelError

if TYPE_CHECKING:
    from playground.backends.base import LoadedModel, Loader
    from playground.catalog import ModelSpec

ONLY_HF = ("adapter", "dtype", "device", "trust_remote_code")  # keys of models.yaml that the other backends ignore


def load(spec: ModelSpec, report: Report = silent) -> LoadedModel:
    """Load a model into this process.

    Raises:
        ModelError: it cannot be loaded, with the backend's own reason, or sets what its backend does not have.
    """
    unmet = [name for name in ONLY_HF if getattr(spec, name)]
    if unmet and spec.backend != "hf":
        raise ModelError(
            f"{spec.key} sets {unmet[0]}, which the backend {spec.backend} does not have.",
            hint="Remove it from models.yaml, or use the backend hf.",
        )
    if spec.sha256 and spec.file and spec.file.is_file():
        report("hashing", None)
        with spec.file.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != spec.sha256:
            raise ModelError(f"{spec.key} is another file than models.yaml says: its sha256 is {found}.")
    module = importlib.import_module(f"{__name__}.{spec.backend}")
    return cast("Loader", module.load)(spec, report)
