"""The commands whose output is read: an instance, built where it is needed, not a global."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.show.base import ShowCommand


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Commands in the order in which they claim text without a command."""

    items: Sequence[ShowCommand]

    def typed(self, text: str) -> tuple[ShowCommand, re.Match[str]] | None:
        """The command that ``text`` begins with: the one whose words reach furthest."""
        best: tuple[ShowCommand, re.Match[str]] | None = None
        for command in self.items:
            match = command.match(text)
            if match and (best is None or match.end() > best[1].end()):
                best = command, match
        return best

    def claiming(self, text: str) -> list[ShowCommand]:
        """Commands whose output ``text`` seems to hold."""
        return [command for command in self.items if command.claimed(text)]


def standard_commands() -> Commands:
    """What Slowworm reads out of the box."""
    from slowworm.diagnose.show import (
        access_lists,
        accounting,
        adjacency,
        align,
        arp,
        buffers,
        cache_flow,
        cef,
        clock,
        conntrack,
        debugging,
        http_server,
        interfaces,
        ip_cache,
        ip_interface,
        ip_traffic,
        log,
        memory,
        nat,
        processes_cpu,
        processes_memory,
        qfp,
        route_summary,
        running_config,
        switching,
        version,
    )

    return Commands(
        items=(
            running_config.COMMAND,
            clock.COMMAND,
            version.COMMAND,
            processes_cpu.COMMAND,
            processes_memory.COMMAND,
            memory.COMMAND,
            ip_cache.COMMAND,
            cef.COMMAND,
            adjacency.COMMAND,
            arp.COMMAND,
            nat.COMMAND,
            align.COMMAND,
            log.COMMAND,
            debugging.COMMAND,
            ip_interface.COMMAND,
            interfaces.COMMAND,
            switching.COMMAND,
            ip_traffic.COMMAND,
            buffers.COMMAND,
            route_summary.COMMAND,
            access_lists.COMMAND,
            http_server.COMMAND,
            cache_flow.COMMAND,
            accounting.COMMAND,
            qfp.COMMAND,
            conntrack.LINUX,
            conntrack.ASA,
        )
    )
