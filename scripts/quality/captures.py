"""Public captures whose truth is known: what each holds, what Slowworm says of it, and whether that is right.

    python -m scripts.quality.captures [--data DIR]

The truth is that of INDEX.md beside the captures. They are not part of this repository: their licences differ.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import slowworm
from slowworm.detect.verdicts import FLAGGED, INFECTED, SCANNER

DATA = Path(os.environ.get("SLOWWORM_SHARED", Path(__file__).parents[3] / "shared")) / "data"

HORIZONTAL, VERTICAL, NEGATIVE, GREY = "horizontal", "vertical", "negative", "grey"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """A capture and its truth.

    ``kind``: a ``horizontal`` or ``vertical`` scan by ``host``, ``negative`` where nobody scans, ``grey`` where the
    capture's authors themselves are in doubt: then nobody but ``host`` may be flagged, and nothing is scored.
    ``targets``: port → hosts asked, of horizontal scans; ``ports``: how many ports at least, of vertical ones.
    """

    path: str
    kind: str
    truth: str
    host: str | None = None
    targets: dict[int, int] = field(default_factory=dict)
    ports: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What Slowworm said of a capture; ``right`` is ``None`` where nothing is scored."""

    capture: Capture
    flows: int
    said: str
    right: bool | None


_HNS = {23: 54, 8080: 40, 2323: 27, 9527: 10}
_HNS_TRUTH = "Hide-and-Seek bot: SYNs to tcp/23 of 54 hosts, 8080 of 40, 2323 of 27, 9527 of 10"
_SYNSCAN_TRUTH = "SYN scan of 1,000 ports of 64.13.134.52"


def _hns(path: str) -> Capture:
    return Capture(path=path, kind=HORIZONTAL, host="192.168.2.16", targets=_HNS, truth=_HNS_TRUTH)


def _synscan(path: str) -> Capture:
    return Capture(path=path, kind=VERTICAL, host="172.16.0.8", ports=990, truth=_SYNSCAN_TRUTH)


def _negative(path: str, truth: str) -> Capture:
    return Capture(path=path, kind=NEGATIVE, truth=truth)


_SLIPS = "detection/StratosphereLinuxIPS/dataset"
_NDPI = "detection/nDPI/tests/cfgs/default/pcap"
_LABELER = "detection/netflowlabeler"

CAPTURES: tuple[Capture, ...] = (
    _hns(f"{_SLIPS}/test7-malicious.pcap"),
    *(
        _hns(f"derived/hns/{name}")
        for name in (
            "argus.ra.csv",
            "nfpcapd_merged.nfcapd",
            "nfpcapd_merged_bz2.nfcapd",
            "nfpcapd_merged_lz4.nfcapd",
            "nfpcapd_merged_lzo.nfcapd",
            "pmacctd_sflow5.pcap",
            "softflowd_ipfix.pcap",
            "softflowd_v5.pcap",
            "softflowd_v9.pcap",
        )
    ),
    Capture(
        path="detection/bro-simple-scan/testing/pcaps/scan_with_zero_windows.pcap",
        kind=HORIZONTAL,
        host="10.0.0.1",
        targets={23: 10},
        truth="tcp/23 of 10 hosts, with zero windows",
    ),
    _synscan("detection/chrissanders-packets/synscan.pcapng"),
    _synscan(f"{_NDPI}/synscan.pcap"),
    *(
        _synscan(f"derived/synscan/{name}")
        for name in (
            "argus.ra.csv",
            "nfpcapd_nfcapd.201007042020",
            "pmacctd_sflow5.pcap",
            "softflowd_ipfix.pcap",
            "softflowd_v5.pcap",
            "softflowd_v9.pcap",
        )
    ),
    Capture(
        path="detection/bro-simple-scan/testing/pcaps/port_scan.pcap",
        kind=VERTICAL,
        host="192.168.2.154",
        ports=10,
        truth="ten ports of 192.168.2.22",
    ),
    Capture(
        path=f"{_SLIPS}/test11-portscan.binetflow",
        kind=VERTICAL,
        host="10.8.0.69",
        ports=10,
        truth="single ports of one host by TCP, and echo requests to 21 hosts",
    ),
    Capture(
        path=f"{_NDPI}/tcp_scan.pcapng",
        kind=VERTICAL,
        host="192.168.1.178",
        ports=5,
        truth="seven ports of one host: SYN, FIN, NULL and Xmas packets",
    ),
    Capture(
        path="detection/zeek/nmap-vsn.pcap",
        kind=VERTICAL,
        host="192.168.1.71",
        truth="nmap: ARP asks for 245 addresses of a /24, then tcp/80 and 443 of those that live",
    ),
    _negative(
        "detection/StratosphereLinuxIPS-history/dataset_Normal_2013-10-21_capture-1.binetflow",
        "CTU Normal: 122 hosts tcp/80, 61 tcp/443",
    ),
    _negative(f"{_SLIPS}/test2-malicious.binetflow", "busy phone behind a VPN: 434 hosts tcp/443, answered"),
    _negative(f"{_SLIPS}/test5-mixed.binetflow", "malware that asks DNS and 13 web hosts; no scan"),
    _negative(f"{_SLIPS}/test9-mixed-zeek-dir/conn.log", "browsing: 64 hosts tcp/443"),
    _negative("detection/nDPI-controls/gnutella.pcap", "P2P: 81 hosts udp/6346"),
    _negative("detection/nDPI-controls/teams.pcap", "Teams: 20 hosts tcp/443"),
    _negative("detection/nDPI-controls/webex.pcap", "Webex: 21 hosts tcp/443"),
    _negative(f"{_NDPI}/malware.pcap", "malware by HTTP and DNS; no scan"),
    _negative(f"{_LABELER}/test.binetflow", "Argus with user data; no scan"),
    _negative(
        f"{_LABELER}/test5.tabs.binetflow", "malware that asks DNS and web hosts, the whole of test5; no scan"
    ),
    _negative(f"{_LABELER}/nfcapd.sample1", "labelled Background throughout"),
    _negative(f"{_LABELER}/nfcapd.sample1.labeled", "labelled Background throughout"),
    _negative(f"{_LABELER}/nfcapd.sample2", "a proxy and its clients; no scan"),
    _negative("detection/zeek/ntp2.pcap", "NTP client of 17 servers"),
    _negative(
        "nfdump/chrispassas-nfdump/devtestdata/nfcapd.sample",
        "router of an ISP: 192.168.0.137 calls 126 hosts tcp/443, 183 of 222 flows lone SYNs",
    ),
    Capture(
        path=f"{_SLIPS}/port-scans/horizontal/conn.log",
        kind=GREY,
        host="10.0.2.112",
        truth="25 web hosts tcp/80, 10 of 30 unanswered: horizontal for Slips, mostly answered",
    ),
    Capture(
        path=f"{_LABELER}/conn.json.log",
        kind=GREY,
        host="192.168.1.128",
        truth="SNMP and NetBIOS to 13 printers, none answers: a small sweep or a stale list",
    ),
    Capture(
        path=f"{_LABELER}/conn.json.small.log",
        kind=GREY,
        host="192.168.1.128",
        truth="the first hundred rows of conn.json.log",
    ),
    Capture(
        path=f"{_LABELER}/conn.tab.log",
        kind=GREY,
        host="10.0.2.106",
        truth="no truth is stated; an infected host of a CTU malware capture that asks web hosts",
    ),
    Capture(
        path="detection/chrissanders-packets/activeosfingerprinting.pcapng",
        kind=GREY,
        host="172.16.16.128",
        truth="nmap finds out the system of one host: one port, odd flags",
    ),
)

NOT_CAPTURES = ("arp.log", "dhcp.log", "dns.log", "notice.log")
"""Files beside captures that hold no flows."""


def judge(capture: Capture, result: slowworm.HuntResult) -> Judged:
    """Whether a result is right about a capture."""
    flagged = [v for v in result.verdicts if v.verdict in FLAGGED]
    hosts = {str(v.address) for v in flagged}
    named = {v.verdict for v in flagged}
    right: bool | None
    if capture.kind == GREY:
        right = None if hosts <= {capture.host} else False
    elif capture.kind == NEGATIVE:
        right = not flagged
    elif capture.kind == HORIZONTAL:
        found = {s.port: s.targets for v in flagged for s in v.services}
        right = hosts == {capture.host} and INFECTED in named and found == capture.targets
    else:
        ports = max((len(v.services) for v in flagged if v.verdict == SCANNER), default=0)
        right = hosts == {capture.host} and SCANNER in named and ports >= capture.ports
    return Judged(capture=capture, flows=result.flow_count, said=_said(flagged), right=right)


def judged(captures: Iterable[Capture] = CAPTURES, data: Path = DATA) -> list[Judged]:
    """The captures that are here, hunted through and judged."""
    return [judge(c, slowworm.hunt(data / c.path)) for c in captures if (data / c.path).exists()]


def _said(flagged: list[slowworm.Verdict]) -> str:
    words = []
    for v in flagged[:3]:
        what = f"{len(v.services)} ports" if v.verdict == SCANNER else f"port {v.port}, {v.targets} targets"
        words.append(f"{v.address} {v.verdict}: {what}")
    more = [f"and {len(flagged) - 3} more"] if len(flagged) > 3 else []
    return "; ".join(words + more) or "nobody"


def table(rows: list[Judged]) -> str:
    """The captures as a Markdown table, with the score in a sentence above."""
    scored = [r for r in rows if r.right is not None]
    head = f"{sum(1 for r in scored if r.right)} of {len(scored)} captures with a truth are right."
    words = {True: "right", False: "**wrong**", None: "not scored"}
    lines = ["| capture | truth | Slowworm says | |", "|---|---|---|---|"]
    lines += [
        f"| `{r.capture.path}` | {r.capture.kind}: {r.capture.truth} | {r.said} | {words[r.right]} |"
        for r in rows
    ]
    return "\n".join([head, "", *lines])


def main() -> None:
    """Print the table; exit 1 where a capture is judged wrongly."""
    parser = argparse.ArgumentParser(description="Verdicts on public captures against their truth.")
    parser.add_argument("--data", type=Path, default=DATA, help="folder that INDEX.md of the captures is in")
    data = parser.parse_args().data
    if not data.exists():
        sys.exit(f"{data}: no captures there; name their folder with --data")
    rows = judged(data=data)
    print(table(rows))
    sys.exit(1 if any(r.right is False for r in rows) else 0)


if __name__ == "__main__":
    main()
