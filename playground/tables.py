"""Records as tables, for reports: DataFrames, and CSV that spreadsheets open with the right letters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pandas as pd

from playground.tokens import visible

if TYPE_CHECKING:
    from playground.records import Run

BYTE_ORDER_MARK = "\ufeff"  # or a spreadsheet takes UTF-8 for its own encoding


def steps_table(run: Run) -> pd.DataFrame:
    """Return one row per written token; probabilities as shares, surprisal and entropies in bits."""
    settings = [json.dumps(params.to_dict()) for params in (*run.kept_params, run.params)]
    rows = []
    for place, step in enumerate(run.steps):
        snapshot = step.snapshot
        rows.append({
            "model": run.model,
            "build": run.build,
            "exact_batch": run.exact_batch,
            "settings": settings[min(place, len(run.kept_params))],
            "token": step.position + 1,
            "token_id": step.token_id,
            "piece": json.dumps(visible(step.piece), ensure_ascii=False),  # in quotes: no spreadsheet runs it
            "model_prob": step.model_prob,
            "final_prob": step.final_prob,
            "rank": step.rank,
            "surprisal_bits": step.surprisal_bits,
            "luck": step.luck,
            "chosen": step.chosen,
            "model_entropy_bits": snapshot.model_entropy_bits,
            "final_entropy_bits": snapshot.final_entropy_bits,
            "support": snapshot.support,
            "removed_mass": snapshot.removed_mass,
        })  # fmt: skip
    return pd.DataFrame(rows)


def to_csv(table: pd.DataFrame) -> str:
    """Return a table as CSV text."""
    return BYTE_ORDER_MARK + table.to_csv(index=False, lineterminator="\n")
