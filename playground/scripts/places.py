"""Where a script finds a model's files: as models.yaml says, never as a path of this machine."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from playground.scripts.source import quoted
from playground.sources import hub_parts

if TYPE_CHECKING:
    from playground.entry import ModelSpec


class Place(NamedTuple):
    """A source in a script.

    Attributes:
        path: the expression of a local file or folder; "" for what the hub has.
        imports, lines: what stands in front of it.
        repository, file, revision: of the hub; the file is "" for all of it.
    """

    path: str = ""
    imports: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    repository: str = ""
    file: str = ""
    revision: str = ""

    def download(self, file: str) -> str:
        """Return the call that fetches one file of the hub."""
        return f"hf_hub_download({quoted(self.repository)}, {quoted(file)}, revision={quoted(self.revision)})"

    @property
    def pretrained(self) -> str:
        """The arguments by which ``from_pretrained`` finds what the hub has."""
        file = f", gguf_file={quoted(self.file)}" if self.file else ""
        return f"{quoted(self.repository)}{file}, revision={quoted(self.revision)}"


def place(source: str) -> Place:
    """Return where a source lies."""
    form, _, name = source.partition(":")
    if form == "hub":
        repository, file, revision = hub_parts(source)
        return Place(repository=repository, file=file, revision=revision)
    if form == "package":
        package, _, inner = name.partition("/")
        line = f"package = importlib.util.find_spec({quoted(package)}).submodule_search_locations[0]"
        return Place(f"Path(package, {quoted(inner)})", ("import importlib.util", "from pathlib import Path"), (line,))
    relative = PurePath(name).name if os.path.isabs(name) else name  # noqa: PTH117 (a path of any system)
    note = "# Seen from the folder of models.yaml, or from $MODELS_DIR: start there, or write another path."
    return Place(f"Path({quoted(relative)})", ("from pathlib import Path",), (note,))


def is_gguf(spec: ModelSpec) -> bool:
    """Whether the weights are one file, and not a folder of safetensors."""
    return spec.file.is_file() if spec.file else spec.source.partition("@")[0].endswith(".gguf")
