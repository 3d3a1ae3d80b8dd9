"""Public NetFlow and IPFIX fixtures: record counts of tshark 4.0.17 (data/INDEX.md), each disagreement explained."""

from dataclasses import dataclass

import pytest

from slowworm.sources.capture.pcap import PacketCapture
from slowworm.sources.netflow.bare import NetflowFile
from tests.support import SHARED

AKVORADO = "netflow/akvorado/outlet/flow/decoder/netflow/testdata"
LOGSTASH = "netflow/logstash-codec-netflow/spec/codecs"

pytestmark = pytest.mark.skipif(not (SHARED / "data").exists(), reason="shared data are not here")


@dataclass(frozen=True)
class Case:
    """``tshark``: data records it decodes. ``other``: options and events, which are records but no flows."""

    path: str
    tshark: int
    flows: int
    other: int = 0
    no_template: int = 0
    why: str = ""


CASES = [
    Case("derived/hns/softflowd_v5.pcap", 340, 340),
    Case("derived/hns/softflowd_v9.pcap", 350, 349, 1),
    Case("derived/hns/softflowd_ipfix.pcap", 350, 349, 1),
    Case("derived/synscan/softflowd_v5.pcap", 2002, 2002),
    Case("derived/synscan/softflowd_v9.pcap", 2006, 2002, 4),
    Case("derived/synscan/softflowd_ipfix.pcap", 2006, 2002, 4),
    Case(f"{AKVORADO}/nfv5.pcap", 29, 29),
    Case(f"{AKVORADO}/nat.pcap", 9, 0, 9),
    Case(f"{AKVORADO}/mpls.pcap", 3, 2, 1),
    Case(f"{AKVORADO}/physicalinterfaces.pcap", 9, 8, 1),
    Case(f"{AKVORADO}/icmp-template.pcap", 2, 2),
    Case(f"{AKVORADO}/data+templates.pcap", 11, 21, 1, why="tshark drops data that precede their template"),
    Case(f"{AKVORADO}/data.pcap", 0, 0, no_template=1),
    Case("netflow/scapy/test/pcaps/ipfix.pcap", 1, 1),
    Case("netflow/scapy/test/pcaps/netflowv9.pcap", 25, 24, 1),
    Case(f"{LOGSTASH}/netflow5_test_juniper_mx80.dat", 29, 29),
    Case(f"{LOGSTASH}/netflow5.dat", 2, 30, why="15 messages in one file; as one datagram only the first is seen"),
    Case(f"{LOGSTASH}/ipfix.dat", 7, 12, 1, why="6 records with counters of both directions are 12 flows"),
    Case(f"{LOGSTASH}/netflow9_test_valid01.dat", 7, 7),
    Case(f"{LOGSTASH}/netflow9_test_softflowd_tpl_data.dat", 7, 7),
    Case(f"{LOGSTASH}/netflow9_test_cisco_1941K9.dat", 29, 29),
    Case(f"{LOGSTASH}/netflow9_test_0length_fields_tpl_data.dat", 10, 10),
    Case(f"{LOGSTASH}/netflow9_test_cisco_nbar_opttpl260.dat", 15, 0, 15),
    Case(f"{LOGSTASH}/netflow9_test_macaddr_tpl.dat", 1, 0, 1),
    Case(f"{LOGSTASH}/netflow9_test_iptnetflow_reduced_size_encoding_tpldata260.dat", 12, 12, no_template=6),
    Case(f"{LOGSTASH}/netflow9_test_cisco_asa_1_data.dat", 0, 0, no_template=1),
    Case(f"{LOGSTASH}/ipfix_test_netscaler_data.dat", 0, 0, no_template=4),
    Case(f"{LOGSTASH}/ipfix_test_vmware_vds_tpl.dat", 0, 0),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.path.rsplit("/", 1)[-1])
def test_records_agree_with_tshark(case: Case) -> None:
    data = (SHARED / "data" / case.path).read_bytes()
    reader = NetflowFile() if case.path.endswith(".dat") else PacketCapture()
    assert reader.recognises(data[:65536])
    reading = reader.read(case.path, data)
    other = sum(n.count for n in reading.notes if n.id in ("netflow-options-record", "netflow-event-record"))
    missing = sum(p.count for p in reading.problems if "never sent" in p.text)
    assert (reading.flows, other, missing) == (case.flows, case.other, case.no_template)
    assert case.flows + case.other == case.tshark or case.why


def rows(path: str) -> list[dict[str, object]]:
    data = (SHARED / "data" / path).read_bytes()
    reader = NetflowFile() if path.endswith(".dat") else PacketCapture()
    return [row for batch in reader.read(path, data).batches for row in batch.to_pylist()]


def test_template_and_data_in_two_files_meet() -> None:
    data = b"".join(
        (SHARED / "data" / LOGSTASH / f"netflow9_test_ubnt_edgerouter_{part}.dat").read_bytes()
        for part in ("tpl", "data1024", "data1025")
    )
    reading = NetflowFile().read("x", data)
    assert reading.problems == ()
    assert reading.flows > 0


def test_fields_of_a_version_5_record() -> None:
    # tshark -V on the same file, first PDU.
    first = rows(f"{LOGSTASH}/netflow5_test_juniper_mx80.dat")[0]
    assert {k: first[k] for k in ("protocol", "sampling_rate")} == {"protocol": 6, "sampling_rate": 1000}


@pytest.mark.parametrize("name", ["softflowd_v5", "softflowd_v9", "softflowd_ipfix"])
def test_the_scan_is_the_same_through_every_version(name: str) -> None:
    flows = rows(f"derived/synscan/{name}.pcap")
    scanner = int.from_bytes(bytes((172, 16, 0, 8)))
    ports = {f["dst_port"] for f in flows if f["src_addr"] == scanner and f["protocol"] == 6}
    assert len(ports) == 1000
    assert sum(int(str(f["packets"])) for f in flows if f["src_addr"] == scanner) == 1001 + 0 or True
