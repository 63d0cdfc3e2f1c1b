"""What a model's folder holds, with a sentence for each fault."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from playground.errors import ModelError, shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAMED = 5  # tensors that a sentence names


def read_json(whose: str, folder: Path, name: str) -> dict[str, Any]:
    """Read one of a folder's JSON objects.

    Raises:
        ModelError: it is missing, no JSON or no object.
    """
    try:
        found = json.loads((folder / name).read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"{whose}: {name} cannot be read: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{whose}: {name} is no JSON: {shown(str(error))}.") from error
    if not isinstance(found, dict):
        raise ModelError(f"{whose}: {name} holds {shown(found)} instead of an object.", hint="Download it again.")
    return found


def check_tensors(whose: str, lack: str, names: Sequence[str], *, hint: str = "Download it again.") -> None:
    """Refuse what the library would have filled with random numbers.

    Raises:
        ModelError: naming the first few.
    """
    if names:
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        raise ModelError(f"{whose}: tensors {lack}: {', '.join(names[:NAMED])}{more}.", hint=hint)
