"""Logs of firewalls as flows that were allowed or denied, one module per vendor."""

from __future__ import annotations

from slowworm.sources.byteformat import ByteFormat
from slowworm.sources.firewall.cisco_asa import CiscoAsa
from slowworm.sources.firewall.fortigate import FortiGate
from slowworm.sources.firewall.netfilter import Netfilter
from slowworm.sources.firewall.pan_os import PanOs

FORMATS: tuple[ByteFormat, ...] = (CiscoAsa(), PanOs(), FortiGate(), Netfilter())
"""The formats of this package, the more specific first."""

__all__ = ["FORMATS", "CiscoAsa", "FortiGate", "Netfilter", "PanOs"]
