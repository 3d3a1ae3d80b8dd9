"""The processor: in interrupts, in a process of the scan's, or in something else."""

from __future__ import annotations

from collections.abc import Iterator

from slowworm.diagnose.facts import Router
from slowworm.diagnose.findings import CRITICAL, DOCUMENT, EXPERIENCE, WARNING, Finding, Remedy
from slowworm.diagnose.show.log import LogMessage
from slowworm.diagnose.show.processes_cpu import ProcessesCpu
from slowworm.diagnose.show.qfp import QfpLoad
from slowworm.diagnose.show.running_config import Configuration
from slowworm.diagnose.show.switching import SwitchingPath

IP_INPUT = 20.0
"""Percent in IP Input from which packets are switched by a process in numbers; on a healthy router it is below
5. [assumption]"""

INTERRUPT, INTERRUPT_FULL = 60, 90
"""Percent at interrupt level that is high, and that sustained can make the router reload (12808 says 100).
[assumption]"""

BUSY = 80
"""Percent over five seconds from which somebody asks why. [assumption]"""

SHARE = 25.0
"""Percent of one process from which it is the answer. [assumption]"""

HYBRIDGE = 20.0
"""Percent in HyBridge Input from which bridging is the load. [assumption]"""

OF_A_SCAN = (
    "ip input",
    "arp input",
    "ip cache ager",
    "cef process",
    "cef scanner",
    "hybridge input",
    "ipc seat manager",
    "ip nat ager",
    "ip background",
    "net background",
)
"""Processes whose load a scan explains: their load is no sign of anything else."""

QFP = 80
"""Percent of the forwarding processor at which IOS-XE itself warns (%IOSXE_QFP-2-LOAD_EXCEED, its default
threshold)."""


def _cpu(router: Router) -> ProcessesCpu | None:
    found = [cpu for cpu in router.all(ProcessesCpu) if not cpu.platform]
    return found[-1] if found else None


def ip_input(router: Router) -> Iterator[Finding]:
    """``ip-input-load``."""
    cpu = _cpu(router)
    process = cpu.process("IP Input") if cpu else None
    if process is None or max(process.five_seconds, process.one_minute) < IP_INPUT:
        return
    paths = [p for p in router.all(SwitchingPath) if p.path in ("Processor", "Process") and p.packets_in]
    worst = sorted(paths, key=lambda p: -p.packets_in)[:2]
    where = f"; {worst[0].interface} had most packets switched by it" if worst else ""
    yield Finding(
        id="ip-input-load",
        severity=CRITICAL if process.five_seconds >= 2 * IP_INPUT else WARNING,
        title=f"IP Input takes {process.five_seconds:.0f} % of the processor "
        f"({process.one_minute:.0f} % over a minute){where}",
        evidence=(process.at, *(p.at for p in worst)),
        cause=(
            "Packets are switched by a process: the first to each new destination where CEF is "
            "off, translations, packets to "
            "the router itself, unreachables, entries with log."
        ),
        remedies=(
            Remedy(
                text="See which interface they come in by, and why",
                commands=("show interfaces switching", "show ip interface", "show ip traffic"),
            ),
            Remedy(
                text="Enable CEF where it is off",
                commands=("ip cef",),
                caveats=("after the memory sum (cef-possible)",),
            ),
        ),
        verify=("show processes cpu | include IP Input",),
        source=f"{DOCUMENT} (symptoms); threshold {EXPERIENCE}",
    )


def interrupt(router: Router) -> Iterator[Finding]:
    """``interrupt-cpu``."""
    cpu = _cpu(router)
    if cpu is None or cpu.interrupt is None or cpu.interrupt < INTERRUPT:
        return
    full = cpu.interrupt >= INTERRUPT_FULL
    yield Finding(
        id="interrupt-cpu",
        severity=CRITICAL if full else WARNING,
        title=f"{cpu.interrupt} % of the processor at interrupt level ({cpu.five_seconds} % in all)",
        evidence=(cpu.at,),
        cause=(
            "Packets are switched at interrupt level, more than the processor can do; or the console prints, alignment "
            "errors are corrected, translations are searched."
            + (" Sustained, it can make the router reload." if full else "")
        ),
        remedies=(
            Remedy(
                text="Tell the causes apart, the cheapest first",
                commands=(
                    "show align",
                    "show logging | include flushes",
                    "show ip nat statistics",
                    "show interfaces | include is up|input rate",
                ),
            ),
        ),
        verify=("show processes cpu | include utilization",),
        source=f"{DOCUMENT}; threshold {EXPERIENCE}",
    )


def hybridge(router: Router) -> Iterator[Finding]:
    """``irb-hybridge``."""
    cpu, config = _cpu(router), router.last(Configuration)
    process = cpu.process("HyBridge Input") if cpu else None
    if process is None or max(process.five_seconds, process.one_minute) < HYBRIDGE:
        return
    members = [line for i in (config.interfaces if config else ()) if (line := i.line("bridge-group "))]
    groups = {line.text.split()[1] for line in members}
    yield Finding(
        id="irb-hybridge",
        severity=WARNING,
        title=f"HyBridge Input takes {process.five_seconds:.0f} % of the processor"
        + (f"; {len(members):,} interfaces in {len(groups)} bridge groups" if members else ""),
        evidence=(process.at, *(line.at for line in members[:2])),
        cause="Broadcasts and unknown destinations, ARP for a scan's targets among them, are "
        "sent to every interface of a bridge group.",
        remedies=(
            Remedy(
                text="Several bridge groups rather than one",
                caveats=("each needs a subnet and a BVI of its own",),
            ),
            Remedy(
                text="Bridge ageing at least as long as the ARP timeout, no directed broadcasts",
                caveats=(EXPERIENCE,),
            ),
        ),
        verify=("show processes cpu | include HyBridge", "show bridge group"),
    )


def qfp(router: Router) -> Iterator[Finding]:
    """``qfp-overload``: IOS-XE's forwarding processor, while IOS itself may be idle."""
    load = router.last(QfpLoad)
    messages = [
        m for m in router.all(LogMessage) if m.facility == "IOSXE_QFP" and m.mnemonic == "LOAD_EXCEED"
    ]
    high = load if load and max(load.five_seconds, load.one_minute) >= QFP else None
    if not high and not messages:
        return
    yield Finding(
        id="qfp-overload",
        severity=CRITICAL if high else WARNING,
        title=f"The forwarding processor is {high.five_seconds} % busy"
        if high
        else "The forwarding processor reported overload",
        evidence=(*((high.at,) if high else ()), *(m.at for m in messages[:3])),
        cause="Packets, or features on them such as NAT, are more than the data plane can do; "
        "show processes cpu does not see it.",
        remedies=(
            Remedy(
                text="See what drops, and what each feature costs",
                commands=("show platform hardware qfp active statistics drop",),
            ),
        ),
        verify=("show platform hardware qfp active datapath utilization",),
        source="Cisco's IOS-XE message guide (%IOSXE_QFP-2-LOAD_EXCEED)",
    )


def something_else(router: Router) -> Iterator[Finding]:
    """``not-a-worm``: stressed, and the process that does it is none of a scan's."""
    cpu = _cpu(router)
    if cpu is None or (cpu.five_seconds or 0) < BUSY or not cpu.processes:
        return
    top = max(cpu.processes, key=lambda p: p.five_seconds)
    if top.five_seconds < SHARE or top.name.lower() in OF_A_SCAN or (cpu.interrupt or 0) >= top.five_seconds:
        return
    yield Finding(
        id="not-a-worm",
        severity=WARNING,
        title=f"The router is busy with {top.name}: {top.five_seconds:.0f} % "
        f"of {cpu.five_seconds} %; that is no scan's doing",
        evidence=(cpu.at, top.at),
        cause="A scan shows in IP Input, ARP Input, IP Cache Ager, CEF, or at interrupt level.",
        remedies=(
            Remedy(
                text=f"Ask what {top.name} does: routing changes, management that polls, a session that prints"
            ),
        ),
        verify=("show processes cpu | exclude 0.00",),
        source=EXPERIENCE,
    )


RULES = (ip_input, interrupt, hybridge, qfp, something_else)
