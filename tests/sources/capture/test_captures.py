"""Captures through the whole program: exports or packets, and one answer through every format."""

import json
from pathlib import Path

import pytest
from tests.sources.agreement import fixtures
from tests.support import SHARED
from tests.support import slowworm as run

import slowworm
from slowworm.sources.capture.pcap import PacketCapture
from slowworm.sources.packing import unpacked

DATA = SHARED / "data"
HNS = [name for fixture in fixtures.HNS for name in fixture.files]
SYNSCAN = [name for fixture in fixtures.SYNSCAN for name in fixture.files]
CLEAN = [
    "detection/StratosphereLinuxIPS-history/dataset_Normal_2013-10-21_capture-1.binetflow",
    "detection/StratosphereLinuxIPS/dataset/test2-malicious.binetflow",
    "detection/StratosphereLinuxIPS/dataset/test5-mixed.binetflow",
    "detection/StratosphereLinuxIPS/dataset/test9-mixed-zeek-dir/conn.log",
    "detection/netflowlabeler/test.binetflow",
    "detection/nDPI-controls/teams.pcap",
    "detection/nDPI-controls/webex.pcap",
    "detection/zeek/ntp2.pcap",
]

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="shared data are not here")


@pytest.mark.parametrize("path", HNS)
def test_the_hide_and_seek_bot_is_the_same_through_every_format(path: str) -> None:
    found = slowworm.hunt(DATA / path)
    services = {s.port: s.targets for v in found.verdicts for s in v.services}
    assert {(str(v.address), v.verdict) for v in found.verdicts} == {("192.168.2.16", "infected")}
    assert services == {23: 54, 8080: 40, 2323: 27, 9527: 10}  # data/INDEX.md


@pytest.mark.parametrize("path", SYNSCAN)
def test_the_port_scan_is_the_same_through_every_format(path: str) -> None:
    found = slowworm.hunt(DATA / path)
    assert [(str(v.address), v.verdict, v.activity) for v in found.verdicts] == [
        ("172.16.0.8", "scanner", "vertical")
    ]
    assert len(found.verdicts[0].services) > 990


@pytest.mark.parametrize("path", CLEAN)
def test_public_captures_without_a_scan_flag_nobody(path: str) -> None:
    assert slowworm.hunt(DATA / path).verdicts == ()


def test_the_horizontal_scan_of_ten_hosts_is_found() -> None:
    found = slowworm.hunt(DATA / "detection/bro-simple-scan/testing/pcaps/scan_with_zero_windows.pcap")
    assert [(str(v.address), v.verdict, v.port, v.targets) for v in found.verdicts] == [
        ("10.0.0.1", "infected", 23, 10)
    ]


def test_exports_win_over_packets_and_the_choice_is_said() -> None:
    path = str(DATA / "derived/synscan/softflowd_v5.pcap")
    answer = json.loads(run("hunt", path, "--json").out)
    assert answer["inputs"][0]["format"] == "netflow-v5"
    assert [n["count"] for n in answer["notes"] if n["id"] == "capture-of-exports"] == [
        69
    ]  # packets, by tshark
    packets = json.loads(run("hunt", path, "--json", "--as", "pcap-packets").out)
    assert packets["inputs"][0]["format"] == "pcap-packets"
    assert packets["inputs"][0]["flows"] < 10
    assert run("hunt", path, "--as", "netflow-datagrams").code in (2, 3)


def test_a_capture_without_exports_holds_none() -> None:
    data = (DATA / "detection/nDPI-controls/webex.pcap").read_bytes()
    assert PacketCapture(packets=False).info.name == "pcap-exports"
    assert PacketCapture(packets=False).read("x", data).flows == 0


@pytest.mark.parametrize("packing", ["gzip", "bz2", "lzma"])
def test_packed_captures_are_unpacked_on_the_way(packing: str, tmp_path: Path) -> None:
    module = __import__(packing)
    data = (DATA / "derived/synscan/softflowd_v9.pcap").read_bytes()
    target = tmp_path / "capture"
    target.write_bytes(module.compress(data))
    assert [str(v.address) for v in slowworm.hunt(target).verdicts] == ["172.16.0.8"]
    target.write_bytes(module.compress(data)[:-40])
    if packing == "bz2":  # its blocks of 900 kB are whole or nothing
        with pytest.raises(slowworm.InputError, match="cut off or damaged"):
            slowworm.hunt(target)
        return
    cut = slowworm.hunt(target)
    assert [str(v.address) for v in cut.verdicts] == ["172.16.0.8"]
    assert "cut off or damaged" in cut.inputs[0].problems[0].text


def test_zstandard_is_unpacked_and_archives_are_refused() -> None:
    import pyarrow as pa

    packed = pa.compress(b"text" * 100, codec="zstd", asbytes=True)
    assert unpacked("x", packed) == (b"text" * 100, ())
    with pytest.raises(slowworm.InputError, match="unpack it first"):
        unpacked("x", b"PK\x03\x04 and more")


def test_a_directory_of_everything_gives_all_good_flows_and_a_problem_list(tmp_path: Path) -> None:
    for number, path in enumerate([HNS[1], SYNSCAN[4], CLEAN[3]]):
        (tmp_path / f"{number}").write_bytes((DATA / path).read_bytes())
    (tmp_path / "broken").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "prose.txt").write_text("nothing to see here\n")
    ran = run("hunt", str(tmp_path), "--json")
    answer = json.loads(ran.out)
    assert ran.code == 3
    assert {v["address"] for v in answer["verdicts"]} == {"192.168.2.16", "172.16.0.8"}
    assert sum(1 for i in answer["inputs"] if i["problems"]) == 2
