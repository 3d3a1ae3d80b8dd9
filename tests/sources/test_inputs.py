"""From what the user names to readings: files, directories, standard input, and what cannot be read."""

from __future__ import annotations

import io
import os
import random
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import EXAMPLES, HEADER, SHARED, Row

from slowworm.errors import InputError, UsageError
from slowworm.sources.base import Reading
from slowworm.sources.formats import standard_formats
from slowworm.sources.inputs import STDIN, paths_of, read_bytes, read_inputs

FORMATS = standard_formats()
ROW = Row("10.0.0.1", "192.0.2.1", 1024, 80, 1)
CAPTURE = f"R1#show ip cache flow\n{HEADER}\n{ROW}\nR1#\n".encode()
TEXTS = SHARED / "data" / "cisco-text"


def message(data: bytes, *, only: str | None = None) -> str:
    with pytest.raises(InputError) as caught:
        read_bytes("f", data, FORMATS, only=only)
    return str(caught.value)


def outcome(data: bytes) -> Reading | str:
    """The reading, or what the input error says."""
    try:
        return read_bytes("f", data, FORMATS)
    except InputError as error:
        return str(error)


def read(paths: list[str]) -> list[Reading]:
    return list(read_inputs(paths_of(paths), FORMATS))


# Nothing to read: what, where, and what to do next


@pytest.mark.parametrize(
    "data",
    [b"", b" ", b"\n\n\n", b"\r\n \t\x0c\x0b", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n", b"\xff\xfe",
     b"\xfe\xff\x00\n\x00 ", b"\x00" * 100, b" \n" * 100_000],
)  # fmt: skip
def test_an_empty_input_says_so(data: bytes) -> None:
    assert message(data).startswith("empty: nothing was captured")
    assert "?" in message(data), "what may have gone wrong"


@pytest.mark.parametrize(
    "data",
    [
        b"\x7fELF\x02\x01\x01" + bytes(50) + b"text",
        bytes(range(256)) * 8,
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x01\x00",
        random.Random(1).randbytes(20_000),
    ],
    ids=["ELF", "all bytes", "PNG", "random"],
)
def test_binary_data_of_no_known_format_says_what_can_be_read(data: bytes) -> None:
    assert message(data) == "binary data of no known format; slowworm formats lists what can be read"


@pytest.mark.parametrize(("ends", "lines"), [("", "2 lines"), ("\n", "2 lines"), ("\nRouter#\n", "3 lines")])
def test_a_text_without_a_listing_names_its_first_line_and_what_can_be_read(ends: str, lines: str) -> None:
    text = f"\nthis is a letter, and no capture{ends}"
    assert message(text.encode()) == (
        f"no flow listing found in {lines} of text; line 2 begins 'this is a letter, and no capture'; "
        "slowworm formats lists what can be read"
    )


def test_lines_of_utf_16_and_old_macs_are_counted_as_lines() -> None:
    assert "in 2 lines of text; line 2 begins 'b c'" in message("# a\nb c\n".encode("utf-16"))
    assert "in 2 lines of text; line 2 begins 'b c'" in message(b"# a\rb c\r")
    assert "in 1 line of text" in message(b"b c")


def test_a_text_of_prompts_only_is_told_without_a_quotation() -> None:
    assert message(b"Router#\nRouter#conf t\nRouter(config)#exit\n") == (
        "no flow listing found in 3 lines of text; slowworm formats lists what can be read"
    )


def test_another_format_than_the_one_asked_for_says_which() -> None:
    text = message(CAPTURE, only="show-ip-accounting")
    assert text.startswith("no show-ip-accounting listing found in 4 lines of text")


def test_a_format_that_does_not_exist_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"no format 'show-ip-cash'; formats: show-ip-cache-flow, "):
        read_bytes("f", CAPTURE, FORMATS, only="show-ip-cash")


def test_the_wrong_command_is_a_note_that_names_it() -> None:
    reading = read_bytes(
        "f", b"R1#show ip interface brief\nInterface IP-Address OK?\nVlan1 1.1.1.1 YES\n", FORMATS
    )
    (note,) = reading.notes
    assert (reading.flows, note.id, note.count) == (0, "other-commands", 2)
    assert "show ip interface brief, which lists no flows" in note.text


def test_a_refused_command_is_a_problem_with_its_line() -> None:
    reading = read_bytes(
        "f", b"R1#show ip cache flow\n  ^\n% Invalid input detected at '^' marker.\n", FORMATS
    )
    assert [p.where for p in reading.problems] == ["f:3"]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_bytes_give_a_reading_or_an_input_error(data: bytes) -> None:
    told = outcome(data)
    assert len(told) < 400 if isinstance(told, str) else told.path == "f"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(CAPTURE)))
def test_a_capture_cut_anywhere_gives_a_reading_or_an_input_error(at: int) -> None:
    told = outcome(CAPTURE[:at])
    if isinstance(told, str):
        assert told.startswith(("no flow listing found in 1 line", "empty: "))
    else:
        assert told.formats or told.notes


# Paths


def test_a_directory_is_read_sorted_and_without_hidden_entries(tmp_path: Path) -> None:
    for name in ("b.txt", "a/z.txt", "a/y.txt", ".hidden", ".git/config", "a/.hidden", "c/.d/e.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_bytes(CAPTURE)
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert paths_of([tmp_path]) == [str(tmp_path / name) for name in ("a/y.txt", "a/z.txt", "b.txt")]


def test_the_order_of_what_was_named_is_kept(tmp_path: Path) -> None:
    for name in "ba":
        (tmp_path / name).write_bytes(CAPTURE)
    assert paths_of([str(tmp_path / "b"), STDIN, tmp_path / "a"]) == [
        str(tmp_path / "b"),
        "-",
        str(tmp_path / "a"),
    ]


@pytest.mark.parametrize("name", ["nowhere", "x" * 300, "a\x00b", "file/below"])
def test_a_name_of_nothing_is_a_usage_error_that_quotes_it(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError) as caught:
        paths_of([str(tmp_path / name)])
    assert str(tmp_path / name) in str(caught.value)


def test_a_directory_without_files_says_so(tmp_path: Path) -> None:
    (tmp_path / ".hidden").write_bytes(CAPTURE)
    (reading,) = read([str(tmp_path)])
    (problem,) = reading.problems
    assert problem.where == str(tmp_path)
    assert "a directory without files" in problem.text
    assert "hidden" in problem.text


def test_one_unreadable_file_does_not_lose_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(CAPTURE)
    (tmp_path / "b.txt").symlink_to("nowhere")
    (tmp_path / "c.txt").write_bytes(b"")
    (tmp_path / "d.txt").write_bytes(bytes(range(256)))
    (tmp_path / "e.txt").write_bytes(CAPTURE)
    readings = read([str(tmp_path)])
    assert [r.flows for r in readings] == [1, 0, 0, 0, 1]
    assert [Path(r.path).name for r in readings] == ["a.txt", "b.txt", "c.txt", "d.txt", "e.txt"]
    assert [[p.text[:14] for p in r.problems] for r in readings] == [
        [], ["cannot be read"], ["empty: nothing"], ["binary data of"], [],
    ]  # fmt: skip
    assert all(p.where.startswith(r.path) for r in readings for p in r.problems)


def test_a_file_without_permission_is_a_problem_and_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).write_bytes(CAPTURE)
    plain = Path.read_bytes

    def refuse(path: Path) -> bytes:  # the tests may run as root, whom nothing is refused
        if path.name == "b":
            raise PermissionError(13, "Permission denied")
        return plain(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    readings = read([str(tmp_path)])
    assert [r.flows for r in readings] == [1, 0, 1]
    assert readings[1].problems[0].text == "cannot be read: Permission denied"


def test_a_folder_that_cannot_be_entered_is_a_problem_and_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(CAPTURE)
    (tmp_path / "locked").mkdir()
    plain = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return plain(path)

    monkeypatch.setattr(os, "scandir", refuse)
    assert paths_of([tmp_path]) == [str(tmp_path / "a"), str(tmp_path / "locked")]


class Standard:
    """A standard input of given bytes."""

    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)


def test_standard_input_is_read_under_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Standard(CAPTURE))
    (reading,) = read([STDIN])
    assert (reading.path, reading.flows) == ("stdin", 1)
    assert reading.batches[0].column("input").to_pylist() == ["stdin"]


def test_a_closed_standard_input_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    (reading,) = read([STDIN])
    assert reading.problems[0].text == "cannot be read: standard input is closed"


def test_rows_name_their_input(tmp_path: Path) -> None:
    path = tmp_path / "capture.txt"
    path.write_bytes(CAPTURE)
    (reading,) = read([str(path)])
    assert reading.batches[0].column("input").to_pylist() == [str(path)]


def test_the_examples_are_read_whole() -> None:
    for reading in read([str(p) for p in sorted(EXAMPLES.glob("*.txt"))]):
        assert reading.flows > 0
        assert reading.problems == ()


# Public texts


PUBLIC = sorted(p for p in TEXTS.rglob("*") if p.is_file()) if TEXTS.exists() else []


@pytest.mark.skipif(not PUBLIC, reason="the public texts are not here")
@pytest.mark.parametrize("path", PUBLIC, ids=lambda p: str(p.relative_to(TEXTS)))
def test_a_public_text_is_read_or_told_by_its_lines(path: Path) -> None:
    data = path.read_bytes()
    lines = data.count(b"\n") + 1
    reading = outcome(data)
    if isinstance(reading, str):
        assert f"{lines - data.endswith(chr(10).encode()):,} line" in reading
        assert "; line " in reading
        return
    assert reading.flows or reading.context or reading.notes or reading.problems
    for problem in reading.problems:
        if problem.where != "f":  # the count of what is more than can be told
            assert 1 <= int(problem.where.removeprefix("f:")) <= lines
    for batch in reading.batches:
        for line in batch.column("line").to_pylist():
            assert 1 <= line <= lines
