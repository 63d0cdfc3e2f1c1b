"""The backends, one file each; ``load`` imports only the one that a model needs."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

from playground.backends.base import Report, silent
from playground.entry import ONLY, UNSET
from playground.errors import ModelError, shown
from playground.sentences import Sentence
from playground.sources import sha256_of

if TYPE_CHECKING:
    from playground.backends.base import LoadedModel, Loader
    from playground.catalog import ModelSpec


def load(spec: ModelSpec, report: Report = silent) -> LoadedModel:
    """Load a model into this process.

    Raises:
        ModelError: it cannot be loaded, with the backend's own reason, or sets what its backend does not have.
    """
    for name, backends in ONLY.items():
        if getattr(spec, name) != UNSET[name] and spec.backend not in backends:
            raise ModelError(
                Sentence(
                    "{key} sets {name}, which the backend {backend} does not have.",
                    key=spec.key,
                    name=name,
                    backend=spec.backend,
                ),
                hint=Sentence("Remove it from models.yaml, or use one of the backends {names}.", names=tuple(backends)),
            )
    if spec.sha256 and spec.file and spec.file.is_dir():
        raise ModelError(
            Sentence("{key} sets sha256, and its source is a folder.", key=spec.key),
            hint="Remove it; what fixes a folder of the hub is its revision.",
        )
    if spec.sha256 and spec.file:
        report("hashing", None)
        found = sha256_of(spec.file)
        if found != spec.sha256:
            raise ModelError(
                Sentence(
                    "{key} is another file than models.yaml says: its sha256 is {found}.", key=spec.key, found=found
                )
            )
    try:
        module = importlib.import_module(f"{__name__}.{spec.backend}")
    except (ImportError, OSError, RuntimeError) as error:  # llama-cpp-python raises all three, by what is missing
        raise ModelError(
            Sentence(
                "The backend {backend} cannot be imported here: {reason}.",
                backend=spec.backend,
                reason=shown(str(error)),
            ),
            hint="Install requirements.txt again, in the environment that runs the page.",
        ) from error
    return cast("Loader", module.load)(spec, report)
