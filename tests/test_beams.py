"""What the view of beams is told of a search, without a browser: how it stands, what is compared, what leaves it."""

from __future__ import annotations

import threading
from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from playground.download import Downloads
from playground.errors import PlaygroundError, SettingError
from playground.records import Timing
from playground.searches import LiveSearch, Searches, to_flat
from playground.store import Store
from playground.ui.beams import Beams
from playground.ui.explore import Explorer
from playground.ui.russian import RUSSIAN
from playground.ui.text import ENGLISH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from playground.pool import Pool

ASKED: dict[str, Any] = {
    "model": "toy", "mode": "completion", "system": "", "prompt": "Then the cat", "chain": {}, "seed": "42",
    "max_new_tokens": 4, "beams": {},
}  # fmt: skip
NO_TIME = Timing(**dict.fromkeys(Timing.__slots__, 0.0))


def beams_of(pool: Pool, texts: Mapping[str, str] = ENGLISH) -> Beams:
    """Return the view on a pool's models."""
    return Beams(Explorer(pool, Store(), texts, Downloads(lambda: None)), Searches())


def searched(view: Beams, **asked: Any) -> LiveSearch:  # noqa: ANN401
    """Return a search that is over."""
    live = view.begin(ASKED | asked)
    view.drive(live)
    return live


def written(view: Beams, live: LiveSearch, kind: str, chain: dict[str, Any], seed: str) -> str:
    """Write a path and return its sentence."""
    said: str = view.write(live, kind, chain, seed, threading.Event())["sentence"]
    return said


@pytest.mark.parametrize("texts", [ENGLISH, RUSSIAN], ids=["en", "ru"])
def test_a_search_that_is_over_never_goes_on(pool: Pool, texts: Mapping[str, str]) -> None:
    """One that was stopped in the line, one that broke off, and one that ended by itself."""
    beams = beams_of(pool, texts)
    stopped = beams.begin(ASKED)
    stopped.timing, stopped.over = NO_TIME, True  # as the model's process tells of one that never had its turn
    status = beams.message(stopped, fold=False)["status"]
    assert status == f"{texts['beams_so_far'].format(steps=0, finished=0)} {texts['beams_never']}"

    broken = searched(beams)
    broken.steps.pop()
    broken.timing = None
    broken.fail(PlaygroundError("The process ended."))
    status = beams.message(broken, fold=False)["status"]
    assert status == f"{texts['beams_so_far'].format(steps=3, finished=1)} {texts['beams_broken']}"

    assert texts["beams_end_length"] in beams.message(searched(beams), fold=False)["status"]


def test_a_search_tells_everybody_again_what_it_was_told(pool: Pool) -> None:
    """What it leaves out of the chain, and the sentence of each path, in the language of whoever asks."""
    beams = beams_of(pool)
    live = searched(beams, chain={"temperature": 0.5, "presence_penalty": 1})
    said = written(beams, live, "greedy", {}, "")
    told = beams.message(live, fold=True)
    assert (told["left_out"], told["paths"]) == (
        "Without “Sample” a search takes the best; of the chain it leaves out: Temperature.",
        {"greedy": said},
    )
    russian = replace(beams, explorer=replace(beams.explorer, texts=RUSSIAN)).message(live, fold=True)
    assert russian["left_out"] == RUSSIAN["beam_left_out"].format(names=RUSSIAN["sampler_temperature"])
    assert russian["paths"]["greedy"].startswith("Жадный выбор пишет «")


def test_texts_that_were_not_returned_are_told_apart(pool: Pool) -> None:
    """The tree has more finished texts than the search was asked for."""
    beams = beams_of(pool)
    live = searched(beams, beams={"num_return_sequences": 1})
    ranked = beams.ranked(live, 1)
    assert [row["returned"] for row in ranked["rows"]] == [True, *[False] * (len(ranked["rows"]) - 1)]
    assert len(ranked["rows"]) > 1
    assert ranked["key"] == f"✓ returned by the search: 1 of the {len(ranked['rows'])} texts in its tree."


def test_the_table_has_the_numbers_of_the_page(pool: Pool) -> None:
    """Under the length penalty that was asked for, with penalties too; only then are they the model's own no longer."""
    beams = beams_of(pool)
    live = searched(beams, chain={"presence_penalty": 1, "frequency_penalty": 1})
    table = pd.read_csv(StringIO(beams.table(live, "0")), encoding="utf-8-sig")
    shown = beams.ranked(live, 0)["rows"]
    for name in ("score", "total", "mean"):
        assert [f"{value:.3f}".replace("-", "−") for value in table[name]] == [row[name] for row in shown]
    assert table["score"].tolist() == table["total"].tolist()
    assert set(table["length_penalty"]) == {0}


def test_a_table_of_a_search_that_runs_is_refused(pool: Pool) -> None:
    """On the page and as CSV."""
    beams = beams_of(pool)
    live = beams.begin(ASKED)
    for ask in (beams.ranked, beams.table):
        with pytest.raises(SettingError, match="The search still runs"):
            ask(live, 1)


def test_the_legend_shows_a_number_that_stands_in_the_picture(pool: Pool) -> None:
    """Below its columns; where all that was considered has a mark, there is none."""
    beams = beams_of(pool)
    told = beams.message(searched(beams), fold=False)
    numbers = next(trace["text"] for trace in told["figure"]["data"] if trace["name"] == "more")
    assert [sign for _, sign, text in told["legend"] if text == ENGLISH["beams_more"]] == numbers[:1]
    told = beams.message(searched(beams, beams={"num_beams": 1, "num_return_sequences": 1}), fold=False)
    assert ENGLISH["beams_more"] not in [text for _, _, text in told["legend"]]


def test_a_place_of_the_tree_shows_the_token_that_was_clicked(pool: Pool) -> None:
    """It is marked, whatever the seed at the side would draw; also where a slider is moved then."""
    beams = beams_of(pool)
    live = searched(beams)
    number = 1
    token = live.steps[2].continuations[number].token_id
    shown = beams.place(live, 2, number, {"temperature": 2}, "")["picture"]
    assert (shown["drawn"], shown["stands"], shown["given"], shown["dart"]) == (token, "stands there", 0, None)
    assert shown["title"].startswith("Token 3 of a beam: what could have stood there, after “")
    assert "token 3 after the prompt" in shown["draw"]
    moved = beams.explorer.what_if({"temperature": 0.5}, "7", shown["place"], {})
    assert (moved["drawn"], moved["title"], moved["dart"]) == (token, shown["title"], None)


def test_only_what_was_written_is_penalized_at_a_place_of_the_tree(pool: Pool) -> None:
    """A penalty that leaves the prompt out sees the beam's own tokens, before and after a slider is moved."""
    beams = beams_of(pool)
    live = searched(beams)
    chain = {"presence_penalty": {"penalty": 5, "include_prompt": False}}
    shown = beams.place(live, 2, 0, chain, "1")["picture"]
    moved = beams.explorer.what_if(chain, "1", shown["place"], {})
    plain = beams.place(live, 2, 0, {}, "1")["picture"]
    assert moved["numbers"] == shown["numbers"] != plain["numbers"]


def test_a_place_that_the_tree_has_not_is_refused(pool: Pool) -> None:
    """Whatever was asked for."""
    beams = beams_of(pool)
    live = searched(beams)
    for position, number in ((4, 0), (-1, 0), (0, 99), (0, -1)):
        with pytest.raises(SettingError, match=r"The tree has no such place\."):
            beams.place(live, position, number, {}, "1")


def test_a_seed_that_was_picked_is_told_and_leaves_with_the_path(pool: Pool) -> None:
    """The sentence names it, and so does the saved tree, with the tokens of the path."""
    beams = beams_of(pool)
    live = searched(beams)
    said = written(beams, live, "sampled", {"temperature": 2}, "")
    flat = to_flat(live.record(), live.paths)["paths"]["sampled"]
    assert said.startswith(f"With seed {flat['settings']['seed']} the chain wrote “")
    assert flat["settings"]["temperature"] == 2
    assert b"".join(bytes.fromhex(piece) for _, piece in flat["tokens"]).decode() in said
    assert written(beams, live, "sampled", {"temperature": 2}, str(flat["settings"]["seed"])) == said
