"""Fetching from a hub, by the real library and over real HTTP, from one that the tests serve."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from playground.download import Download, Fetching, HubModel
from playground.errors import ModelError
from playground.fetch import check_room
from tests.browser import ROOT
from tests.fake_hub import COMMIT, FakeHub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

END_S = 60
WEIGHTS = b"weights " * 3_000_000  # the library writes ten megabytes at once
FILES = {
    "config.json": b"{}",
    "model.safetensors": WEIGHTS,
    "pytorch_model.bin": b"pickled",
    "modeling_name.py": b"raise SystemExit",
    "onnx/model.onnx": b"another framework's",
}
MODEL = HubModel("owner/name", "main")
FILE = HubModel("owner/name", COMMIT, "model.safetensors")


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    """Serve a hub, and send the library there with an empty cache."""
    with FakeHub(dict(FILES)) as serving:
        monkeypatch.setenv("HF_ENDPOINT", serving.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path))
        yield serving


def ended(model: HubModel) -> Download:
    """Download to the end."""
    found = Download(model)
    assert found.over.wait(END_S)
    return found


def cached(home: Path) -> dict[str, bytes]:
    """Return the files of the one revision in the cache."""
    folder = home / "hub" / "models--owner--name" / "snapshots" / COMMIT
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_model_is_fetched_without_pickles_and_code(hub: FakeHub, tmp_path: Path) -> None:
    """Weights and their descriptions come; what runs on being read is never asked for."""
    found = ended(MODEL)
    assert (found.state, found.reason) == (Fetching.DONE, "")
    assert cached(tmp_path) == {name: FILES[name] for name in ("config.json", "model.safetensors")}
    assert found.done_bytes == found.total_bytes == len(WEIGHTS) + 2
    assert not [path for path in hub.asked if path.endswith((".bin", ".py", ".onnx"))]


def test_code_is_fetched_where_it_is_trusted(hub: FakeHub, tmp_path: Path) -> None:
    """Only then."""
    assert ended(HubModel("owner/name", COMMIT, with_code=True)).state is Fetching.DONE
    assert "modeling_name.py" in cached(tmp_path)
    assert hub.asked


def test_a_file_that_is_there_is_not_fetched_again(hub: FakeHub) -> None:
    """The second download has nothing to do."""
    ended(FILE)
    before = len([path for path in hub.asked if "/resolve/" in path])
    second = ended(FILE)
    assert (second.state, second.total_bytes) == (Fetching.DONE, 0)
    assert len([path for path in hub.asked if "/resolve/" in path]) == before


def test_progress_is_told_and_a_cancelled_download_goes_on_later(hub: FakeHub, tmp_path: Path) -> None:
    """It stops within the file; the next one is whole."""
    hub.go_on.clear()
    first = Download(FILE)
    assert hub.half_sent.wait(END_S)
    while not first.done_bytes:  # told three times a second; END_S of pytest's own patience ends a hang
        assert not first.over.wait(0.05), first.reason
    assert 0 < first.done_bytes <= len(WEIGHTS) // 2
    assert first.total_bytes == len(WEIGHTS)
    first.close()
    assert (first.state, cached(tmp_path)) == (Fetching.CANCELLED, {})
    hub.go_on.set()
    assert ended(FILE).state is Fetching.DONE
    assert cached(tmp_path)["model.safetensors"] == WEIGHTS


def test_the_download_ends_with_its_owner(hub: FakeHub) -> None:
    """Its input closes, as when the page is killed, and it is gone though the hub holds it."""
    hub.go_on.clear()
    command = [sys.executable, "-m", "playground.fetch"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=ROOT) as process:
        assert process.stdin
        process.stdin.write(json.dumps({"repo": FILE.repo, "revision": COMMIT, "file": FILE.file}).encode() + b"\n")
        process.stdin.flush()
        assert hub.half_sent.wait(END_S)
        process.stdin.close()
        assert process.wait(END_S) == 1


@pytest.mark.parametrize("right", [True, False])
def test_a_hash_is_checked(hub: FakeHub, tmp_path: Path, right: bool) -> None:  # noqa: FBT001 (a parameter of pytest)
    """The wrong file is removed and both facts are said; the right one stays."""
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    found = ended(HubModel("owner/name", COMMIT, "model.safetensors", sha256=digest if right else "0" * 64))
    assert hub.asked
    assert ("model.safetensors" in cached(tmp_path)) == right
    assert found.state is (Fetching.DONE if right else Fetching.FAILED)
    assert (f"its sha256 is {digest}; it was removed." in found.reason) != right


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        (404, "RepoNotFound", "owner/name is not on the hub, or is private."),
        (404, "RevisionNotFound", f"owner/name has no revision {COMMIT}."),
        (401, "GatedRepo", "owner/name asks for its licence to be accepted on the hub."),
        (500, "", "The hub answered with status 500. Try again later."),
    ],
)
def test_a_hub_that_refuses_is_quoted(hub: FakeHub, status: int, code: str, sentence: str) -> None:
    """One sentence for each refusal, and once the hub answers again so does the download."""
    hub.status, hub.error_code = status, code
    found = ended(FILE)
    assert found.state is Fetching.FAILED
    assert found.reason.startswith(sentence)
    hub.status = 200
    assert ended(FILE).state is Fetching.DONE


def test_a_file_that_the_hub_does_not_have_is_named(hub: FakeHub) -> None:
    """With what was looked for."""
    found = ended(HubModel("owner/name", COMMIT, "other.gguf"))
    assert found.reason == "owner/name has none of other.gguf. Look at source in models.yaml."
    assert hub.asked


def test_a_repository_of_pickles_is_refused_before_anything_is_fetched(hub: FakeHub) -> None:
    """It would never be whole, and a pickle can run code."""
    del hub.files["model.safetensors"]
    assert ended(MODEL).reason.startswith("owner/name has no safetensors; pickles are not fetched")
    assert not [path for path in hub.asked if path.endswith(".bin")]


def test_offline_is_said_in_one_sentence(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it is a switch or the network."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert ended(FILE).reason.startswith("HF_HUB_OFFLINE is set, so nothing is fetched.")
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    hub.__exit__()
    assert ended(FILE).reason.startswith("The hub cannot be reached:")


def test_a_cache_that_cannot_be_written_is_named(hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("HF_HOME", str(tmp_path / "file"))
    assert ended(FILE).reason == "owner/name/model.safetensors cannot be kept here: Not a directory."
    assert not [path for path in hub.asked if "/resolve/" in path]


class Usage(NamedTuple):
    """What a disk says of itself."""

    total: int
    used: int
    free: int


def test_a_disk_that_is_too_full_is_refused_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With both numbers; a little more room and nothing is said."""
    free = 2**30
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free, 0, free))
    check_room(MODEL, free // 2, tmp_path / "not" / "yet")
    with pytest.raises(
        ModelError, match=r"owner/name needs 3\.0 GiB more, and 1\.0 GiB are free\. Free some, or set HF"
    ):
        check_room(MODEL, 3 * free, tmp_path)


def test_a_process_that_dies_is_said(hub: FakeHub) -> None:
    """Killed from outside, the download has failed and says so."""
    hub.go_on.clear()
    found = Download(FILE)
    assert hub.half_sent.wait(END_S)
    found._process.kill()
    assert found.over.wait(END_S)
    assert (found.state, found.reason) == (Fetching.FAILED, "The download's process ended before it was done.")
