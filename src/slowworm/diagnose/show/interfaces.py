"""`show interfaces`: state, rates, queue drops of each interface."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact
from slowworm.diagnose.show.base import Scan, ShowCommand, rx, typed

STATE = re.compile(
    r"(?<!\S)(?P<name>[A-Za-z][A-Za-z\-]{1,30}\d[\w/.:\-]{0,20})\s+is\s+"
    r"(?P<admin>administratively\s+down|up|down|reset|deleted|standby mode|initializing)"
    r"(?:\s+\([^)\n]{1,40}\))?,\s+line\s+protocol\s+is\s+(?P<line>up|down)(?:\s+\([^)\n]{1,40}\))?",
    re.ASCII,
)
_ADDRESS = rx(r"Internet address is (?P<address>(?:\d{1,3}\.){3}\d{1,3}/\d{1,2})")
_ENCAPSULATION = re.compile(r"Encapsulation\s+(?P<kind>[\w .\-/]{2,30}?),")
_BANDWIDTH = rx(r"BW (?P<kbit>\d{1,12}) Kbit")
_RATE = rx(
    r"\d{1,3} (?:minute|second) (?P<way>input|output) rate (?P<bits>\d{1,15}) bits/sec, "
    r"(?P<packets>\d{1,12}) packets/sec"
)
_INPUT_QUEUE = rx(
    r"Input queue: (?P<size>\d{1,9})/(?P<max>\d{1,9})/(?P<drops>\d{1,15})"
    r"/(?P<flushes>\d{1,15}) \(size/max/drops/flushes\)"
)
_OUTPUT_DROPS = rx(r"Total output drops: (?P<drops>\d{1,15})")
_ERRORS = rx(r"(?P<errors>\d{1,15}) input errors, (?P<crc>\d{1,15}) CRC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface(Fact):
    """Rates in bits and packets per second, the average over the load interval; ``None`` where not printed."""

    name: str
    admin: str
    line_protocol: str
    address: str | None = None
    encapsulation: str | None = None
    bandwidth_kbit: int | None = None
    input_bits: int | None = None
    input_packets: int | None = None
    output_bits: int | None = None
    output_packets: int | None = None
    input_queue_drops: int | None = None
    output_drops: int | None = None
    input_errors: int | None = None

    @property
    def up(self) -> bool:
        """Whether packets can pass."""
        return self.admin == "up" and self.line_protocol == "up"


def _read(scan: Scan) -> Sequence[Fact]:
    heads = list(scan.each(STATE))
    facts: list[Fact] = []
    for number, head in enumerate(heads):
        begin, end = head.end(), heads[number + 1].start() if number + 1 < len(heads) else len(scan.text)
        rates = {match["way"]: match for match in _RATE.finditer(scan.text, begin, end)}
        address, encapsulation, bandwidth, queue, drops, errors = (
            pattern.search(scan.text, begin, end)
            for pattern in (_ADDRESS, _ENCAPSULATION, _BANDWIDTH, _INPUT_QUEUE, _OUTPUT_DROPS, _ERRORS)
        )
        scan.understood(begin, end)
        facts.append(
            Interface(
                at=scan.place(head),
                name=head["name"],
                admin=" ".join(head["admin"].split()),
                line_protocol=head["line"],
                address=address["address"] if address else None,
                encapsulation=encapsulation["kind"] if encapsulation else None,
                bandwidth_kbit=int(bandwidth["kbit"]) if bandwidth else None,
                input_bits=int(rates["input"]["bits"]) if "input" in rates else None,
                input_packets=int(rates["input"]["packets"]) if "input" in rates else None,
                output_bits=int(rates["output"]["bits"]) if "output" in rates else None,
                output_packets=int(rates["output"]["packets"]) if "output" in rates else None,
                input_queue_drops=int(queue["drops"]) if queue else None,
                output_drops=int(drops["drops"]) if drops else None,
                input_errors=int(errors["errors"]) if errors else None,
            )
        )
    return facts


COMMAND = ShowCommand(
    name="show interfaces",
    typed=(typed("sh(ow) int(erfaces)"),),
    words=("line", "protocol", "Hardware"),
    claims=rx(rf"{STATE.pattern} +Hardware is".replace(" +", r"\s+")),
    carries="state, address, encapsulation, rates, queue drops and errors; other lines are passed over",
    read=_read,
)
