"""Public captures with ground truth: every scanner is found with its ports, every negative is clean."""

import re

import pytest
from scripts.quality.captures import CAPTURES, DATA, GREY, NEGATIVE, NOT_CAPTURES, Capture, judge

import slowworm

KNOWN_WRONG = {
    "nfdump/chrispassas-nfdump/devtestdata/nfcapd.sample": "183 lone SYNs of 222 look like a scan of tcp/443",
    "detection/nDPI/tests/cfgs/default/pcap/tcp_scan.pcapng": "seven ports are below the nine that make a scanner",
    "detection/zeek/nmap-vsn.pcap": "the sweep is in ARP, and the hosts that were asked by TCP answered",
}
"""Captures that are judged wrongly today, and why."""

pytestmark = pytest.mark.skipif(not DATA.exists(), reason="shared data are not here")


def cases() -> list[object]:
    return [
        pytest.param(
            c,
            id=c.path,
            marks=[pytest.mark.xfail(reason=KNOWN_WRONG[c.path], strict=True)]
            if c.path in KNOWN_WRONG
            else [],
        )
        for c in CAPTURES
    ]


@pytest.mark.parametrize("capture", cases())
def test_the_verdicts_are_the_truth_of_the_capture(capture: Capture) -> None:
    found = judge(capture, slowworm.hunt(DATA / capture.path))
    assert found.right is not False, f"{capture.kind} ({capture.truth}), but: {found.said}"


def test_every_capture_that_the_index_lists_for_detection_is_judged() -> None:
    listed = re.findall(r"^\| ((?:detection|derived)/\S+) \|", (DATA / "INDEX.md").read_text(), re.MULTILINE)
    flows = {path for path in listed if not path.endswith(NOT_CAPTURES)}
    assert flows <= {c.path for c in CAPTURES}
    assert len(flows) > 40


def test_a_false_alarm_and_a_wrong_port_are_not_right() -> None:
    scan = slowworm.hunt(DATA / "detection/bro-simple-scan/testing/pcaps/scan_with_zero_windows.pcap")
    kinds = {
        NEGATIVE: False,
        GREY: False,
        "vertical": False,
    }
    for kind, right in kinds.items():
        assert judge(Capture(path="", kind=kind, truth="", host="10.0.0.9"), scan).right is right
    wrong = Capture(path="", kind="horizontal", truth="", host="10.0.0.1", targets={2323: 10})
    assert judge(wrong, scan).right is False
