"""A directory as people hand it over: what is good in it is read, what is not is listed, and nothing hangs."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import random
import struct
import tarfile
import threading
from pathlib import Path

import pytest
from tests.support import listing, scan
from tests.support import slowworm as run

import slowworm
from slowworm.sources import inputs
from slowworm.sources.packing import EXPANSION_FREE, LAYERS, unpacked

TARGETS = [(i << 24) | (7 * i << 16) | 0x0304 for i in range(20, 32)]
LISTING = listing(scan("193.23.45.35", TARGETS)).encode()
CONN = (
    b"#separator \\x09\n#fields\tts\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\torig_pkts\torig_ip_bytes\n"
    + b"".join(
        b"%d.5\t192.0.2.1\t%d\t198.51.100.%d\t80\ttcp\t3\t180\n" % (i, 4000 + i, i) for i in range(1, 201)
    )
)


def capture_of_exports(flows: int) -> bytes:
    """A capture with one NetFlow v5 datagram."""
    records = b"".join(
        struct.pack(">III", 0xC0000200 + i, 0xC6336400 + i, 0)
        + struct.pack(">HHIIIIHH", 1, 2, 3, 180, 0, 0, 4000 + i, 80)
        + bytes((0, 2, 6, 0)) + bytes(8)
        for i in range(flows)
    )  # fmt: skip
    payload = struct.pack(">HHIIIIBBH", 5, flows, 1000, 1_700_000_000, 0, 0, 0, 0, 0) + records
    udp = struct.pack(">HHHH", 2055, 2055, 8 + len(payload), 0) + payload
    packet = struct.pack(">BBHHHBBHII", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, 0x7F000001, 0x7F000001) + udp
    head = struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, 101)
    return head + struct.pack("<IIII", 1_700_000_000, 0, len(packet), len(packet)) + packet


def damaged_checksum(data: bytes) -> bytes:
    return gzip.compress(data)[:-8] + bytes(8)


def in_tar(data: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        info = tarfile.TarInfo("capture")
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


GOOD = {
    "listing.txt": (LISTING, 12),
    "utf-16.txt": (LISTING.decode().encode("utf-16"), 12),
    "utf-16-be.txt": (LISTING.decode().encode("utf-16-be"), 12),
    "conn.log": (CONN, 200),
    "exports.pcap": (capture_of_exports(9), 9),
    "twice.gz.gz": (gzip.compress(gzip.compress(CONN)), 200),
    "thrice.xz.bz2.gz": (gzip.compress(bz2.compress(lzma.compress(CONN))), 200),
    "sub/deep/er.txt": (LISTING, 12),
    "checksum.gz": (damaged_checksum(CONN), 200),
}
"""Name → content and flows in it. The last has a problem as well."""

noise = random.Random(1).randbytes(60_000)
BAD = {
    "empty.pcap": (b"", "empty"),
    "blank.txt": (b" \r\n\t\n", "empty"),
    "nuls.bin": (bytes(50_000), "empty"),
    "noise.bin": (noise, "binary data"),
    "noise.pcap": (noise[::-1], "binary data"),
    "photo.jpg": (b"\xff\xd8\xff\xe0\x00\x10JFIF" + noise[:4000], "binary data"),
    "page.pcap": (b"<!DOCTYPE html><html><body><h1>404 Not Found</h1>" * 40, "no flow listing"),
    "prose\nwith \x1b[31m name.txt": (b"nothing to see here\n", "no flow listing"),
    "brackets.json": (b"[" * 200_000, "no flow listing"),
    "one-line.txt": (b"a" * 3_000_000, "no flow listing"),
    "archive.zip": (b"PK\x03\x04" + noise[:900], "unpack it first"),
    "archive.tar": (in_tar(CONN), "tar archive"),
    "archive.tgz": (gzip.compress(in_tar(CONN)), "tar archive"),
    "header.gz": (b"\x1f\x8b\x08\x00", "cut off or damaged"),
    "bomb.gz": (gzip.compress(bytes(EXPANSION_FREE + 1)), "unpack to more than"),
    "cut.parquet": (b"PAR1" + noise[:500], "Parquet"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("handed-over")
    for name, (content, _) in {**GOOD, **BAD}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    (root / os.fsdecode(b"latin-\xe9.txt")).write_bytes(b"hello\n")
    (root / "loop").symlink_to(".")
    (root / "sub" / "up").symlink_to("../..")
    (root / "dangling").symlink_to("nowhere")
    (root / "itself").symlink_to("itself")
    os.mkfifo(root / "pipe")
    (root / "nobody").mkdir()
    (root / ".hidden").write_bytes(noise)
    with (root / "sparse.pcap").open("wb") as file:
        file.truncate(10 << 30)
    return root


@pytest.fixture(scope="module")
def answer(folder: Path) -> dict[str, dict[str, object]]:
    ran = run("hunt", str(folder), "--json")
    assert ran.code == 3, ran.err
    assert "Traceback" not in ran.err
    found = json.loads(ran.out)
    assert {v["address"]: v["verdict"] for v in found["verdicts"]}["193.23.45.35"] == "infected"
    return {str(i["path"]).removeprefix(f"{folder}/"): i for i in found["inputs"]}


@pytest.mark.parametrize("name", GOOD)
def test_what_is_good_is_read(name: str, answer: dict[str, dict[str, object]]) -> None:
    assert answer[name]["flows"] == GOOD[name][1]
    assert bool(answer[name]["problems"]) == (name == "checksum.gz")


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_good_says_so(name: str, answer: dict[str, dict[str, object]]) -> None:
    problems = answer[name]["problems"]
    assert isinstance(problems, list)
    assert answer[name]["flows"] == 0
    assert [BAD[name][1] in p["text"] for p in problems] == [True], problems


def test_what_cannot_be_opened_says_why_and_what_is_no_file_is_left_out(
    answer: dict[str, dict[str, object]],
) -> None:
    texts = {n: str(i["problems"]) for n, i in answer.items() if n not in GOOD and n not in BAD}
    assert texts.keys() == {"dangling", "itself", "sparse.pcap", "latin-\udce9.txt"}
    assert "No such file" in texts["dangling"]
    assert "symbolic links" in texts["itself"]
    assert "10.0 GiB" in texts["sparse.pcap"]
    assert "editcap" in texts["sparse.pcap"]


def test_strict_makes_it_2(folder: Path) -> None:
    assert run("hunt", str(folder / "checksum.gz"), "--strict").code == 2
    assert run("hunt", str(folder / "conn.log"), "--strict").code == 0


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), MemoryError()], ids=["permission", "memory"]
)
def test_a_file_that_may_not_be_read_costs_no_other(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(LISTING)
    content = inputs._content

    def refused(path: Path) -> bytes:
        if path.name == "a":
            raise error
        return content(path)

    monkeypatch.setattr(inputs, "_content", refused)
    found = slowworm.hunt(tmp_path)
    assert [i.flows for i in found.inputs] == [0, 12]
    said = found.inputs[0].problems[0].text
    assert ("Permission denied" in said) or ("needs more memory" in said and "cut it" in said)


@pytest.mark.parametrize(
    "content", [LISTING, capture_of_exports(9), gzip.compress(CONN)], ids=["text", "pcap", "gz"]
)
def test_a_pipe_that_is_named_is_read_from_its_first_byte(content: bytes, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(content,))
    writer.start()
    found = slowworm.hunt(pipe)
    writer.join()
    assert found.inputs[0].flows > 0
    assert not found.inputs[0].problems


def test_a_file_that_contains_itself_ends() -> None:
    data = b"text"
    for _ in range(LAYERS + 3):
        data = gzip.compress(data)
    inner, problems = unpacked("x", data)
    assert inner[:2] == b"\x1f\x8b"
    assert problems == ()


@pytest.mark.parametrize("place", [100, -30, -9, -5, -1])
def test_of_a_damaged_gzip_what_precedes_the_damage_is_used(place: int) -> None:
    text = b"".join(b"%d\n" % random.Random(i).getrandbits(60) for i in range(3000))
    packed = bytearray(gzip.compress(text))
    packed[place] ^= 0x55
    inner, problems = unpacked("x", bytes(packed))
    assert len(problems) == 1
    if place < -8:
        assert text.startswith(inner[:-200])
        assert len(inner) > len(text) * 0.99
    elif place < 0:
        assert inner == text
