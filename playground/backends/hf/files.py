"""What a model's folder holds, with a sentence for each fault."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from playground.errors import ModelError, shown
from playground.sentences import Sentence

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
        raise ModelError(
            Sentence("{whose}: {name} cannot be read: {reason}.", whose=whose, name=name, reason=error.strerror)
        ) from error
    except (ValueError, RecursionError) as error:
        raise ModelError(
            Sentence("{whose}: {name} is no JSON: {reason}.", whose=whose, name=name, reason=shown(str(error)))
        ) from error
    if not isinstance(found, dict):
        raise ModelError(
            Sentence("{whose}: {name} holds {found} instead of an object.", whose=whose, name=name, found=shown(found)),
            hint="Download it again.",
        )
    return found


MISSING = Sentence("are missing")
AGAIN = Sentence("Download it again.")


def check_tensors(whose: str, lack: Sentence, names: Sequence[str], *, hint: Sentence = AGAIN) -> None:
    """Refuse what the library would have filled with random numbers.

    Raises:
        ModelError: naming the first few.
    """
    if names:
        more = Sentence(" and {count} more", count=len(names) - NAMED) if len(names) > NAMED else ""
        raise ModelError(
            Sentence(
                "{whose}: tensors {lack}: {names}{more}.", whose=whose, lack=lack, names=tuple(names[:NAMED]), more=more
            ),
            hint=hint,
        )
