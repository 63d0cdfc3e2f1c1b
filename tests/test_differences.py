"""Pictures and tables of a comparison have its numbers, what is infinite or missing included."""

from __future__ import annotations

import json
import math

import plotly.graph_objects as go
import pytest

from playground.cross_score import Cell
from playground.distances import SAME, Distance
from playground.lockstep import Gap, Place
from playground.records import Run
from playground.settings import SamplingParams
from playground.tables import matrix_table, measures_table, to_csv
from playground.ui.russian import RUSSIAN
from playground.ui.text import ENGLISH
from playground.views.differences import gaps, gaps_spec, matrix_spec

CUT = Distance(math.inf, 0.5, 0.25, 0.75)
PLACES = (
    Place(0, 7, b" <b>$", (Gap(Distance(2.0, 1.0, 0.5, 0.25), CUT, 0.0),)),
    Place(1, 8, b" a", (Gap(SAME, SAME, 0.0),)),
    Place(2, 9, b" b", (None,)),
)
MATRIX = (
    (Cell(4, -4.0, math.e, 1.5), Cell(4, -8.0, math.e**2, 3.0, note="Encoded anew.")),
    (Cell(4, -math.inf, math.inf, math.inf), Cell(problem="The model is gone.")),
)


@pytest.mark.parametrize("texts", [ENGLISH, RUSSIAN])
def test_curves_of_a_pair_have_each_number_and_a_sign_for_infinity(texts: dict[str, str]) -> None:
    """A place that failed has no number; nothing of a token is a tag or a formula."""
    spec = gaps_spec(PLACES, 0, ("A", "B"), texts)
    lines = {trace["name"]: trace for trace in spec["data"]}
    assert lines["raw kl_bits"]["y"] == [2.0, 0.0]
    assert lines["final kl_bits"]["y"] == [None, 0.0]
    assert lines["final overlap"]["y"] == [0.75, 1.0]
    assert (lines["infinite"]["x"], lines["infinite"]["y"]) == ([1], [2.0])
    said = lines["final overlap"]["hovertext"][0]
    assert "KL(A‖B) ∞" in said
    assert [part for part in ("<b>", "$") if part in said] == []
    assert len(gaps(PLACES, 0, ("A", "B"), texts).data) == 7


def test_the_heat_table_says_each_number_and_each_problem() -> None:
    """The heat is within a row: the smallest perplexity 0, the largest, or an infinite one, 1."""
    spec = matrix_spec(MATRIX, ("one", "two <i>"), ENGLISH)
    [table] = go.Figure(spec).data
    assert [list(row) for row in table.text] == [["2.72", "7.39"], ["∞", "–"]]
    assert [list(row) for row in table.z] == [[0, 1], [1, 0]]
    assert table.hovertext[1][1] == "The model is gone."
    assert table.hovertext[0][1].endswith("Encoded anew.")
    assert spec["layout"]["xaxis"]["ticktext"] == ["A", "B"]
    assert spec["layout"]["yaxis"]["ticktext"] == ["A · one", "B · two &lt;i&gt;"]


def test_the_summary_has_a_row_per_pane_and_only_settings_that_differ() -> None:
    """As CSV, infinite and missing numbers are words of their own."""
    runs = [
        Run("a", "toy", SamplingParams.from_dict({"temperature": heat, "top_k": 5, "seed": 1})) for heat in (0.1, 1.5)
    ]
    table = measures_table(runs)
    assert [json.loads(text) for text in table["settings_that_differ"]] == [{"temperature": 0.1}, {"temperature": 1.5}]
    assert table["tokens"].tolist() == [0, 0]
    cells = to_csv(matrix_table(MATRIX)).splitlines()
    assert cells[1].startswith("1,1,4,-4.0,2.718")
    assert cells[3].startswith("2,1,4,-inf,inf,inf")
    assert cells[4].endswith("The model is gone.")
