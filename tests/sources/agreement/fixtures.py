"""Every public fixture: which files belong together, who else reads them, and why they disagree where they do."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

TSHARK, PACKETS, NFDUMP, COLUMNS, NOTHING = "tshark", "tshark, packets", "nfdump", "columns", "no flows"
"""Peers: export records or sampled headers; packets put together to flows; nfcapd files; a log's own columns; logs
of other things."""

COMMANDS = {
    TSHARK: "TZ=UTC tshark -r FILE -d udp.port==PORT,cflow -T pdml",
    PACKETS: "TZ=UTC tshark -r FILE -o ip.defragment:FALSE -T pdml",
    NFDUMP: "TZ=UTC nfdump -r FILE -o json",
}

AKVORADO = "netflow/akvorado/outlet/flow/decoder/netflow/testdata"
AKVORADO_SFLOW = "netflow/akvorado/outlet/flow/decoder/sflow/testdata"
LOGSTASH = "netflow/logstash-codec-netflow/spec/codecs"
SLIPS = "detection/StratosphereLinuxIPS/dataset"

NO_HOST = "0.0.0.0 and :: are no host, but null: a DHCP client or a new IPv6 host that has no address yet"
BOOT = "of flows that began when the exporter's clock was at 0, tshark prints the start as 1970"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixture:
    """One row of the table. ``files`` are read as one input, as a template and its data are.

    ``why`` explains every disagreement. ``scaled``: the peer multiplies counters by the sampling rate.
    """

    name: str
    files: tuple[str, ...]
    peer: str
    why: str = ""
    scaled: bool = False


def _one(folder: str, name: str, peer: str = TSHARK, why: str = "", *, scaled: bool = False) -> Fixture:
    path = f"{folder}/{name}"
    return Fixture(name=path, files=(path,), peer=peer, why=why, scaled=scaled)


def _several(folder: str, common: str, parts: str, ending: str, why: str = "") -> Fixture:
    names = parts.split()
    files = tuple(f"{folder}/{common}{part}{ending}" for part in names)
    return Fixture(name=f"{folder}/{common}({' + '.join(names)}){ending}", files=files, peer=TSHARK, why=why)


HNS = (
    _one("detection/StratosphereLinuxIPS/dataset", "test7-malicious.pcap", PACKETS),
    _one("derived/hns", "softflowd_v5.pcap", why=NO_HOST),
    _one("derived/hns", "softflowd_v9.pcap", why=f"{NO_HOST}; {BOOT}"),
    _one("derived/hns", "softflowd_ipfix.pcap", why=f"{NO_HOST}; {BOOT}"),
    _one("derived/hns", "pmacctd_sflow5.pcap"),
    _one("derived/hns", "nfpcapd_merged.nfcapd", NFDUMP, NO_HOST),
    _one("derived/hns", "nfpcapd_merged_lzo.nfcapd", NFDUMP, NO_HOST),
    _one("derived/hns", "nfpcapd_merged_lz4.nfcapd", NFDUMP, NO_HOST),
    _one("derived/hns", "nfpcapd_merged_bz2.nfcapd", NFDUMP, NO_HOST),
    _one("derived/hns", "argus.ra.csv", COLUMNS),
)
"""One capture of the Hide-and-Seek bot, through every format."""

SYNSCAN = (
    _one("detection/chrissanders-packets", "synscan.pcapng", PACKETS),
    _one("derived/synscan", "softflowd_v5.pcap"),
    _one("derived/synscan", "softflowd_v9.pcap", why=BOOT),
    _one("derived/synscan", "softflowd_ipfix.pcap", why=BOOT),
    _one("derived/synscan", "pmacctd_sflow5.pcap"),
    _one("derived/synscan", "nfpcapd_nfcapd.201007042020", NFDUMP),
    _one("derived/synscan", "argus.ra.csv", COLUMNS),
)
"""One capture of a port scan, through every format."""

_EXPORTS = (
    _one(AKVORADO, "nfv5.pcap"),
    _one(AKVORADO, "data+templates.pcap", why="tshark does not read data that come before their template"),
    _one(AKVORADO, "nat.pcap"),
    _one(AKVORADO, "mpls.pcap"),
    _one(AKVORADO, "physicalinterfaces.pcap"),
    _several(AKVORADO, "", "template data", ".pcap"),
    _several(AKVORADO, "", "options-template options-data template data", ".pcap"),
    _several(AKVORADO, "icmp-", "template data", ".pcap"),
    _several(AKVORADO, "samplingrate-", "template data", ".pcap"),
    _several(AKVORADO, "multiplesamplingrates-", "options-template options-data template data", ".pcap"),
    _several(AKVORADO, "datalink-", "template data", ".pcap"),
    _several(
        AKVORADO,
        "ethernet-over-mpls-with-control-word-",
        "template data",
        ".pcap",
        "tshark takes a frame behind MPLS labels for one without the control word of RFC 4385",
    ),
    _several(AKVORADO, "ipfix-srv6-", "template data", ".pcap"),
    _several(AKVORADO, "ipfixprobe-", "templates data", ".pcap"),
    _several(AKVORADO, "juniper-cpid-", "template data", ".pcap"),
    _one("netflow/scapy/test/pcaps", "netflowv9.pcap"),
    _one("netflow/scapy/test/pcaps", "ipfix.pcap"),
    _one(
        LOGSTASH,
        "netflow5.dat",
        why="two flows began before the exporter's clock did; tshark takes their negative time for 2^32 ms later",
    ),
    _one(LOGSTASH, "netflow5_test_juniper_mx80.dat"),
    _one(LOGSTASH, "netflow9_test_valid01.dat"),
    _one(LOGSTASH, "netflow9_test_softflowd_tpl_data.dat"),
    _one(LOGSTASH, "netflow9_test_0length_fields_tpl_data.dat"),
    _one(LOGSTASH, "netflow9_test_iptnetflow_reduced_size_encoding_tpldata260.dat"),
    _one(LOGSTASH, "netflow9_test_cisco_1941K9.dat"),
    _several(LOGSTASH, "netflow9_test_cisco_asa_1_", "tpl data", ".dat"),
    _several(LOGSTASH, "netflow9_test_cisco_asr9k_", "tpl260 data260", ".dat"),
    _several(LOGSTASH, "netflow9_test_cisco_asr9k_", "opttpl256 data256", ".dat"),
    _several(LOGSTASH, "netflow9_test_cisco_asr9k_", "opttpl257 opttpl334 tpl266", ".dat"),
    _several(LOGSTASH, "netflow9_test_cisco_nbar_", "tpl262 data262", ".dat"),
    _one(LOGSTASH, "netflow9_test_cisco_nbar_opttpl260.dat"),
    _several(LOGSTASH, "netflow9_test_fortigate_fortios_521_", "tpl data256 data257", ".dat"),
    _several(LOGSTASH, "netflow9_test_ubnt_edgerouter_", "tpl data1024 data1025", ".dat"),
    _several(LOGSTASH, "netflow9_test_macaddr_", "tpl data", ".dat"),
    _one(LOGSTASH, "ipfix.dat", why=BOOT),
    _several(LOGSTASH, "ipfix_test_mikrotik_", "tpl data258 data259", ".dat"),
    _several(LOGSTASH, "ipfix_test_netscaler_", "tpl data", ".dat"),
    _several(LOGSTASH, "ipfix_test_openbsd_pflow_", "tpl data", ".dat"),
    _several(LOGSTASH, "ipfix_test_vmware_vds_", "tpl data264 data266 data266_267", ".dat"),
    _several(LOGSTASH, "ipfix_test_juniper_mx240_junos151r6s3_", "opttpl512 data512", ".dat"),
    _several(LOGSTASH, "ipfix_test_yaf_", "tpls_option_tpl tpl45841 data45841 data45873 data53248", ".dat"),
)

_SFLOW = tuple(
    _one(AKVORADO_SFLOW, f"{name}.pcap")
    for name in (
        "data-1140", "data-discard-interface", "data-encap-vxlan", "data-icmpv4", "data-icmpv6", "data-local-interface",
        "data-multiple-interfaces", "data-qinq", "data-sflow-expanded-sample", "data-sflow-ipv4-data",
        "data-sflow-raw-ipv4",
    )
)  # fmt: skip

_NFDUMP = (
    _one(
        "nfdump/chrispassas-nfdump/devtestdata",
        "nfcapd.sample",
        NFDUMP,
        "the exporter sends no ICMP type; nfdump prints the echo reply 0.0, here it is not known",
    ),
    _one("nfdump/chrispassas-nfdump/testdata", "nfcapd-empty", NFDUMP),
    _one("nfdump/chrispassas-nfdump/testdata", "nfcapd-small-lzo", NFDUMP, scaled=True),
)

_DETECTION = (
    *(
        _one(f"detection/{folder}", name, PACKETS)
        for folder, name in (
            ("bro-simple-scan/testing/pcaps", "port_scan.pcap"),
            ("bro-simple-scan/testing/pcaps", "scan_with_zero_windows.pcap"),
            ("chrissanders-packets", "activeosfingerprinting.pcapng"),
            ("nDPI-controls", "gnutella.pcap"),
            ("nDPI-controls", "teams.pcap"),
            ("nDPI-controls", "webex.pcap"),
            ("nDPI/tests/cfgs/default/pcap", "malware.pcap"),
            ("nDPI/tests/cfgs/default/pcap", "synscan.pcap"),
            ("nDPI/tests/cfgs/default/pcap", "tcp_scan.pcapng"),
            ("zeek", "nmap-vsn.pcap"),
            ("zeek", "ntp2.pcap"),
        )
    ),
    *(
        _one(folder, name, COLUMNS)
        for folder, name in (
            (SLIPS, "port-scans/horizontal/conn.log"),
            (SLIPS, "test9-mixed-zeek-dir/conn.log"),
            ("detection/netflowlabeler", "conn.json.log"),
            ("detection/netflowlabeler", "conn.json.small.log"),
            ("detection/netflowlabeler", "conn.tab.log"),
            ("detection/StratosphereLinuxIPS-history", "dataset_Normal_2013-10-21_capture-1.binetflow"),
            (SLIPS, "test11-portscan.binetflow"),
            (SLIPS, "test2-malicious.binetflow"),
            (SLIPS, "test5-mixed.binetflow"),
            ("detection/netflowlabeler", "test.binetflow"),
            ("detection/netflowlabeler", "test5.tabs.binetflow"),
            ("detection/netflowlabeler", "nfcapd.sample1"),
            ("detection/netflowlabeler", "nfcapd.sample1.labeled"),
            ("detection/netflowlabeler", "nfcapd.sample2"),
        )
    ),
    *(_one(SLIPS, f"test9-mixed-zeek-dir/{name}.log", NOTHING) for name in ("arp", "dhcp", "dns", "notice")),
    *(
        _one("detection/bro-simple-scan/testing/Baseline", f"tests.{name}/notice.log", NOTHING)
        for name in ("test_port_scan", "test_port_scan_with_zero_windows")
    ),
)

FIXTURES = tuple(chain(HNS, SYNSCAN, _EXPORTS, _SFLOW, _NFDUMP, _DETECTION))
