"""What fits into the memory that all models share, and who makes room: arithmetic, without a model."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil
import pytest

from playground import memory
from playground.backends.llamacpp import model as llamacpp
from playground.errors import ModelBusy, ModelError
from playground.memory import MB, Tenant, estimate_mb, make_room, model_files, said_mb, stamp
from tests.models import CATALOG, SMOLLM

if TYPE_CHECKING:
    from pathlib import Path

    from playground.catalog import ModelSpec


def tenant(name: str, memory_mb: int, used_s: float = 0.0, *, idle: bool = True, leaving: bool = False) -> Tenant:
    """Return a process that holds memory."""
    return Tenant(name, memory_mb, idle, leaving, used_s)


def sized(path: Path, size_mb: int) -> Path:
    """Make a file of a size that takes no room on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(size_mb * MB)
    return path


def spec_of(file: Path, **options: object) -> ModelSpec:
    """Return a model that lies in a file or folder."""
    return replace(CATALOG.get(SMOLLM), file=file, context_tokens=1024, **options)  # type: ignore[arg-type]


def estimated(spec: ModelSpec) -> int:
    """Return the estimate for a model as its files are now."""
    return estimate_mb(spec, stamp(spec))


def test_a_model_that_fits_sends_nobody_away() -> None:
    """Exactly the rest of the budget is enough."""
    assert make_room("New", 300, 1000, [tenant("A", 700)]) is None
    assert make_room("New", 1000, 1000, []) is None


def test_those_that_were_used_least_recently_make_room() -> None:
    """As few of them as it takes, oldest first, and none that is in use."""
    tenants = [tenant("A", 300, 3.0), tenant("B", 300, 1.0), tenant("C", 300, 2.0), tenant("D", 100, 0.0, idle=False)]
    assert make_room("New", 500, 1000, tenants) == [tenants[1], tenants[2]]


def test_nobody_else_leaves_while_enough_memory_is_about_to_come_back() -> None:
    """What is being ended counts: the load waits for it, and no second model is unloaded."""
    assert make_room("New", 500, 1000, [tenant("A", 600, leaving=True), tenant("B", 400)]) == []


def test_a_refusal_names_what_is_needed_and_who_is_busy() -> None:
    """The sentence has the need, the budget, each model that is in use with its size, and what to do."""
    tenants = [tenant("Big", 3200, idle=False), tenant("Other", 200, idle=False), tenant("Idle", 300)]
    with pytest.raises(ModelBusy) as caught:
        make_room("New", 1200, 4096, tenants)
    assert str(caught.value) == (
        "New needs about 1.2 GB; the budget of all models is 4.0 GB, and Big (3.1 GB), Other (200 MB) are in use. "
        "Try again when that is done, or choose another model."
    )
    assert caught.value.field == "model"


def test_a_model_larger_than_the_budget_is_refused_whoever_is_up() -> None:
    """Waiting would not help, so the sentence says what would."""
    for tenants in ([], [tenant("Busy", 100, idle=False)]):
        with pytest.raises(
            ModelError, match=r"New needs about 5\.1 GB; the budget of all models is 4\.0 GB\."
        ) as caught:
            make_room("New", 5222, 4096, tenants)
        assert "--memory-mb" in caught.value.hint


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        ("0::/box\n", {"box/memory.max": "1000\n"}, [1000]),
        ("0::/box/inner\n", {"box/memory.max": "1000\n", "box/inner/memory.max": "max\n"}, [1000]),
        ("0::/\n", {"memory.max": "3000\n"}, [3000]),
        ("4:memory:/box\n3:cpu:/\n", {"memory/box/memory.limit_in_bytes": "2000\n"}, [2000]),
        ("4:memory:/not/seen/here\n", {"memory/memory.limit_in_bytes": "2000\n"}, [2000]),
        ("", {}, []),
    ],
    ids=["version 2", "around", "at the root", "version 1", "in a container", "none"],
)
def test_limits_of_control_groups_are_found(
    tmp_path: Path, groups: str, files: dict[str, str], expected: list[int]
) -> None:
    """Both versions, the process's own group and those around it; “max” is no limit."""
    (tmp_path / "own").write_text(groups, encoding="utf-8")
    for name, text in files.items():
        path = tmp_path / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert list(memory._limits(tmp_path / "groups", tmp_path / "own")) == expected


def test_the_budget_is_a_share_of_what_this_process_could_have(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three quarters of the machine's memory, or of the control group's limit where that is lower."""
    monkeypatch.setattr(memory, "CGROUP", tmp_path)
    assert memory.budget_mb() == int(0.75 * psutil.virtual_memory().total / MB)
    (tmp_path / "memory.max").write_text(str(100 * MB), encoding="utf-8")
    assert memory.budget_mb() == 75


def test_an_estimate_adds_process_weights_and_cache(tmp_path: Path) -> None:
    """By hand: 80 MB, the file, and 4 × 1,024 tokens of 32 KB, which are 128 MB; with 9 sequences 288."""
    file = sized(tmp_path / "model.gguf", 500)
    assert estimated(spec_of(file)) == 80 + 500 + 160
    assert estimated(spec_of(file, sequences=9)) == 80 + 500 + 288
    assert estimated(spec_of(file, gpu_layers=-1)) == 80
    assert estimated(replace(CATALOG.get("toy"), file=None)) == 40


def test_an_estimate_knows_what_transformers_unpacks(tmp_path: Path) -> None:
    """Safetensors stay as they are or double; a GGUF file grows to 16 or 32 bits; what is left out counts as 32."""
    folder = sized(tmp_path / "folder" / "a.safetensors", 300).parent
    sized(folder / "b.safetensors", 200)
    sized(folder / "pytorch_model.bin", 900)
    gguf = sized(tmp_path / "model.gguf", 100)
    found = [
        estimated(spec_of(file, backend="hf", dtype=dtype))
        for file in (folder, gguf)
        for dtype in (None, "bfloat16", "float32")
    ]
    assert found == [450 + 1000, 450 + 500, 450 + 1000, 450 + 720, 450 + 360, 450 + 720]


def test_the_estimate_counts_the_contexts_that_llamacpp_sets_up() -> None:
    """The web process may not import the backend, so the number stands in two places; they agree."""
    assert memory.CONTEXTS["llamacpp"] == llamacpp.SLOTS


def test_all_parts_of_a_split_file_count(tmp_path: Path) -> None:
    """llama.cpp opens them all, whichever is named, and none of another model."""
    parts = [sized(tmp_path / f"m-0000{part}-of-00003.gguf", 10) for part in (1, 2, 3)]
    sized(tmp_path / "other-00001-of-00003.gguf", 10)
    assert model_files(spec_of(parts[0])) == parts


def test_a_stamp_changes_with_the_file(tmp_path: Path) -> None:
    """Another size, another time, another file of the same size and time, or none: each is noticed."""
    file = sized(tmp_path / "m.gguf", 1)
    os.utime(file, ns=(0, 0))
    seen = [stamp(spec_of(file))]
    os.utime(file, ns=(0, 1))
    seen.append(stamp(spec_of(file)))
    os.utime(sized(tmp_path / "new", 1), ns=(0, 1))
    (tmp_path / "new").replace(file)
    seen.append(stamp(spec_of(file)))
    sized(file, 2)
    seen.append(stamp(spec_of(file)))
    file.unlink()
    seen.append(stamp(spec_of(file)))
    assert len(set(seen)) == len(seen)


def test_sizes_are_said_in_the_unit_that_fits() -> None:
    """Megabytes up to a thousand, then gigabytes with one digit."""
    assert [said_mb(size) for size in (0, 429.4, 999, 1000, 5222)] == ["0 MB", "429 MB", "999 MB", "1.0 GB", "5.1 GB"]
