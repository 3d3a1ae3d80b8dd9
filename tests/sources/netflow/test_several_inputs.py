"""Templates of one input serve the data of another: rotated captures, in whatever order their names sort."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.sources.netflow.messages import SENT, UPTIME, data, ip, ipfix, options_template, template, v9
from tests.support import SHARED

import slowworm
from slowworm.sources.base import Reading
from slowworm.sources.formats import Formats, standard_formats
from slowworm.sources.gathered import gathered
from slowworm.sources.inputs import paths_of, read_inputs
from slowworm.sources.netflow import state
from slowworm.sources.order import first_time, in_time_order

AKVORADO = SHARED / "data/netflow/akvorado/outlet/flow/decoder/netflow/testdata"
LOGSTASH = SHARED / "data/netflow/logstash-codec-netflow/spec/codecs"
needs_fixtures = pytest.mark.skipif(not AKVORADO.exists(), reason="fixtures are not here")

FLOW = ((8, 4), (12, 4), (4, 1), (11, 2), (2, 4))
RECORD = ip("10.0.0.1") + ip("192.0.2.1") + struct.pack(">BHI", 6, 23, 1)
TEMPLATE, DATA = template(256, *FLOW), data(256, RECORD, RECORD)


def read(paths: Iterable[Path], formats: Formats | None = None) -> dict[str, Reading]:
    formats = formats or standard_formats()

    def every() -> Iterable[Reading]:
        yield from read_inputs(paths_of(paths), formats)
        yield from formats.rest()

    return {Path(r.path).name: r for r in gathered(every()).readings}


def files(folder: Path, **contents: bytes) -> list[Path]:
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in contents]


def problems(readings: dict[str, Reading]) -> list[tuple[str, str, int]]:
    return [(Path(p.where).name, p.text, p.count) for r in readings.values() for p in r.problems]


@needs_fixtures
@pytest.mark.parametrize(
    ("folder", "names", "flows"),
    [
        # Records as tshark and the upstream tests count them (data/INDEX.md, "sequences").
        (AKVORADO, ["options-template.pcap", "options-data.pcap", "template.pcap", "data.pcap"], 4),
        (AKVORADO, ["icmp-template.pcap", "icmp-data.pcap"], 4),
        (AKVORADO, ["samplingrate-template.pcap", "samplingrate-data.pcap"], 6),
        (AKVORADO, ["ipfixprobe-templates.pcap", "ipfixprobe-data.pcap"], 6),  # 4 records, 2 of both directions
        (LOGSTASH, ["netflow9_test_cisco_asa_1_tpl.dat", "netflow9_test_cisco_asa_1_data.dat"], 14),
        (LOGSTASH, ["netflow9_test_cisco_asr9k_tpl260.dat", "netflow9_test_cisco_asr9k_data260.dat"], 21),
        (LOGSTASH, ["ipfix_test_mikrotik_tpl.dat", "ipfix_test_mikrotik_data258.dat",
                    "ipfix_test_mikrotik_data259.dat"], 46),
        (LOGSTASH, ["ipfix_test_openbsd_pflow_tpl.dat", "ipfix_test_openbsd_pflow_data.dat"], 26),
        (LOGSTASH, ["netflow9_test_cisco_nbar_tpl262.dat", "netflow9_test_cisco_nbar_data262.dat"], 5),
        (LOGSTASH, ["ipfix_test_vmware_vds_tpl.dat", "ipfix_test_vmware_vds_data264.dat",
                    "ipfix_test_vmware_vds_data266.dat", "ipfix_test_vmware_vds_data266_267.dat"], 5),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)  # fmt: skip
@pytest.mark.parametrize("backwards", [False, True])
def test_public_sequences_are_read_in_any_order(
    folder: Path, names: list[str], flows: int, backwards: bool
) -> None:
    readings = read(folder / name for name in (reversed(names) if backwards else names))
    assert problems(readings) == []
    assert sum(r.flows for r in readings.values()) == flows


@needs_fixtures
def test_sampling_rates_of_options_reach_flows_of_another_capture() -> None:
    names = ("options-template", "options-data", "template", "data")
    readings = read(AKVORADO / f"multiplesamplingrates-{name}.pcap" for name in names)
    rates = [r for b in readings["multiplesamplingrates-data.pcap"].batches
             for r in b.column("sampling_rate").to_pylist()]  # fmt: skip
    # tshark -V of the options: sampler 1 has 4000, sampler 2 has 2000; of 14 records two are options
    assert (len(rates), set(rates)) == (12, {2000, 4000})


def test_data_of_a_file_before_their_template_belong_to_their_file(tmp_path: Path) -> None:
    readings = read(files(tmp_path, a=v9(DATA), b=v9(TEMPLATE, DATA, sequence=2)))
    assert {name: (r.formats, r.problems) for name, r in readings.items()} == dict.fromkeys(
        "ab", ((("netflow-v9", 2),), ())
    )
    assert {Path(p).name for b in readings["a"].batches for p in b.column("input").to_pylist()} == {"a"}


def test_a_template_that_never_comes_is_a_problem_of_the_file_of_its_data(tmp_path: Path) -> None:
    readings = read(files(tmp_path, a=v9(DATA), b=v9(template(300, *FLOW), sequence=2)))
    assert problems(readings) == [
        ("a@24", "NetFlow v9, domain 7: data sets whose template (256) was never sent", 1)
    ]
    assert readings["a"].formats == (("netflow-v9", 0),)


def test_the_template_in_force_is_that_of_the_time_of_the_data(tmp_path: Path) -> None:
    # The same number means other fields from the second capture on; the names sort the other way round.
    swapped = template(256, (12, 4), (8, 4), (4, 1), (11, 2), (2, 4))
    contents = {
        "c": v9(TEMPLATE, DATA, sent=SENT, uptime=UPTIME),
        "b": v9(swapped, DATA, sequence=2, sent=SENT + 60, uptime=UPTIME + 60_000),
        "a": v9(DATA, sequence=3, sent=SENT + 120, uptime=UPTIME + 120_000),
    }
    readings = read(files(tmp_path, **contents))
    sources = {name: set(r.batches[0].column("src_addr").to_pylist()) for name, r in readings.items()}
    assert sources == {"c": {0x0A000001}, "b": {0xC0000201}, "a": {0xC0000201}}
    assert [n.count for n in readings["a"].notes if n.id == "netflow-template-elsewhere"] == [1]
    assert not [n for n in readings["b"].notes if n.id == "netflow-template-elsewhere"]


@pytest.mark.parametrize(
    ("other", "flows"),
    [
        ({"sent": SENT + 500, "uptime": UPTIME + 500_000}, 2),  # the same start of the system
        ({"sent": SENT + 500, "uptime": UPTIME}, 0),  # started 500 s later: another exporter, or another life
        ({"sent": SENT, "uptime": UPTIME, "domain": 8}, 0),
    ],
)
def test_nameless_exporters_share_templates_only_if_they_can_be_one(
    tmp_path: Path, other: dict[str, int], flows: int
) -> None:
    readings = read(files(tmp_path, a=v9(TEMPLATE), b=v9(DATA, sequence=2, **other)))
    assert readings["b"].flows == flows
    assert bool(readings["b"].problems) == (not flows)


@pytest.mark.parametrize(("later", "flows"), [(600, 2), (90_000, 0)])
def test_nameless_ipfix_must_be_near_in_time(tmp_path: Path, later: int, flows: int) -> None:
    first, second = ipfix(template(256, *FLOW, version=10)), ipfix(DATA, sent=SENT + later)
    assert read(files(tmp_path, a=first, b=second))["b"].flows == flows


def test_what_waits_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "MAX_HELD_BYTES", 3 * (len(DATA) - 4 + state.HELD_OVERHEAD))
    early = [v9(DATA, sequence=n) for n in range(5)]
    readings = read(files(tmp_path, a=b"".join(early), b=v9(TEMPLATE, sequence=9)))
    assert readings["a"].flows == 6
    assert [c for *_, c in problems(readings)] == [2]


def test_one_input_stands_for_itself_where_nothing_is_shared(tmp_path: Path) -> None:
    path, *_ = files(tmp_path, b=v9(TEMPLATE, sequence=1))
    formats = standard_formats()
    read([path], formats)
    other = tmp_path / "x"
    other.write_bytes(v9(DATA, sequence=2))
    assert read([other])["x"].flows == 0
    assert read([other], formats)["x"].flows == 2


def test_options_data_in_front_of_their_template_teach_the_rate(tmp_path: Path) -> None:
    options = data(257, struct.pack(">IHI", 1, 0, 500))
    contents = {
        "a": v9(options),
        "b": v9(options_template(257, (1, 4), (48, 2), (34, 4)), sequence=2),
        "c": v9(TEMPLATE, DATA, sequence=3),
    }
    assert read(files(tmp_path, **contents))["c"].batches[0].column("sampling_rate").to_pylist() == [500, 500]


# The order of captures


@needs_fixtures
def test_captures_are_read_in_order_of_their_first_packet(tmp_path: Path) -> None:
    template_capture, data_capture = AKVORADO / "icmp-template.pcap", AKVORADO / "icmp-data.pcap"
    shutil.copy(template_capture, tmp_path / "cap10")
    shutil.copy(data_capture, tmp_path / "cap9")
    (tmp_path / "cap0").write_text("text")
    names = [str(tmp_path / n) for n in ("cap9", "cap0", "cap10")]
    assert [Path(n).name for n in in_time_order(names)] == ["cap10", "cap0", "cap9"]
    result = slowworm.hunt(*names)
    assert sum(i.flows for i in result.inputs) == 4
    # tshark -r icmp-template.pcap -T fields -e frame.time_epoch: 1685868005.088854
    assert first_time(str(tmp_path / "cap10")) == 1_685_868_005_088_854_000


def test_inputs_without_a_time_keep_their_places(tmp_path: Path) -> None:
    paths = [str(p) for p in files(tmp_path, b=b"x", a=b"", c=v9(TEMPLATE, sent=SENT))]
    assert in_time_order(["-", *paths, str(tmp_path / "none")]) == ["-", *paths, str(tmp_path / "none")]
