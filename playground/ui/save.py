"""What leaves the page as a file, and what comes back: the table of a picture, a run.

Pictures themselves are drawn in the browser: ``save.js``.
"""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from playground.errors import SavedRunError, SettingError, shown
from playground.records import Extras
from playground.saved import from_dict, read_json
from playground.sentences import Sentence
from playground.store import read_step
from playground.tables import distribution_rows, distribution_table, to_csv
from playground.ui.compare_files import FORMAT
from playground.ui.compare_open import opened_comparison
from playground.ui.controls import settings_line, whole
from playground.ui.explore import MAX_DRAWS, recorded_place
from playground.ui.strip import strip_message

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.comparisons import Comparisons
    from playground.records import TokenStep
    from playground.store import LiveRun
    from playground.ui.explore import Explorer
    from playground.ui.picture import Place

FORMATS = ("csv", "json")
NUMBERS = ("vocab_size", "support", "removed_mass", "model_entropy_bits", "final_entropy_bits")


def opened_file(explorer: Explorer, comparisons: Comparisons, body: bytes, name: str) -> dict[str, Any]:
    """Keep what a file of this name holds, and return the strip of a run, or the id of a comparison.

    Raises:
        PlaygroundError: it holds nothing that can be shown.
    """
    flat = read_json(body)
    if isinstance(flat, dict) and flat.get("format") == FORMAT:
        return {"comparison": opened_comparison(explorer.store, comparisons, flat, name).comparison_id}
    return opened_run(explorer, flat, name)


def opened_run(explorer: Explorer, flat: object, name: str) -> dict[str, Any]:
    """Keep a run that was read, and return its strip.

    Raises:
        SavedRunError: it cannot be shown.
    """
    run = from_dict(flat)
    if not run.prompt_ids:
        raise SavedRunError("The run in this file never began.", hint="Choose another.")
    return strip_message(explorer.store.opened(run, shown(name)), 0, explorer.texts)


def table(explorer: Explorer, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the table of a picture as text in one of ``FORMATS``.

    A recorded picture's is that of the record; else the settings are tried again, with as many draws as it counted.

    Raises:
        PlaygroundError: there is no such format or place, or the settings are refused.
    """
    place: object = asked.get("place")
    if asked.get("format") not in FORMATS:
        wrong = Sentence(
            "Format is {value}; it must be one of {names}.", value=shown(asked.get("format")), names=FORMATS
        )
        raise SettingError(wrong)
    if asked.get("recorded") is True and isinstance(place, dict):
        run, position = explorer.found(place.get("run"), place.get("position"))
        there, step = recorded_place(run, position), run.steps[position]
    else:
        extras = Extras(whole("draws", asked.get("draws", 0), MAX_DRAWS))
        there, answer = explorer.tried(asked.get("chain"), asked.get("seed"), place, extras)
        step = read_step(answer["step"])
    drawn = None if there.params.seed is None else step.token_id
    rows, settings = distribution_rows(step.snapshot, drawn, there.counts), there.params.to_dict()
    if not there.recorded:
        del settings["max_new_tokens"]  # one place was looked at
    if asked["format"] == "csv":
        return {"text": to_csv(distribution_table(rows, there.model, settings))}
    return {"text": json.dumps({**_about(there, step, settings), "rows": rows}, ensure_ascii=False, indent=1)}


def _about(place: Place, step: TokenStep, settings: Mapping[str, Any]) -> dict[str, Any]:
    snapshot, seeded = step.snapshot, place.params.seed is not None
    return {
        "model": place.model,
        "settings": settings,
        "token": step.position + 1,
        "drawn": step.token_id if seeded else None,
        "luck": step.luck if seeded and not step.chosen else None,
        "chosen": step.chosen,
        "recorded": place.recorded,
        **{name: getattr(snapshot, name) for name in NUMBERS},
        "removed": {link.key: link.removed for link in snapshot.links},
    }


def settings_lines(live: LiveRun, texts: Mapping[str, str]) -> list[str]:
    """Return model, settings and seed of a run in a line; in several, each with its tokens, where others drew some."""
    counted = [(params, len(list(same))) for params, same in groupby(map(live.params_at, range(len(live.steps))))]
    lines, first = [], 1
    for params, count in counted:
        line = texts["save_seed"].format(settings=settings_line(live.model, params, texts), seed=params.seed)
        lines.append(line if len(counted) == 1 else texts["save_tokens"].format(
            first=first, last=first + count - 1, settings=line
        ))  # fmt: skip
        first += count
    return lines
