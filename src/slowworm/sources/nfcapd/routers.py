"""The routers' addresses that records carry, as exporter names."""

from __future__ import annotations

import ipaddress

import numpy as np
import numpy.typing as npt

from slowworm.flows.addresses import format_ipv4
from slowworm.sources.nfcapd.account import Account
from slowworm.sources.nfcapd.layout import RECEIVED_V4, RECEIVED_V6, V3_EXTENSIONS
from slowworm.sources.nfcapd.rows import ABSENT, Ints, gather, network_order


def routers(data: npt.NDArray[np.uint8], ipv4: Ints, ipv6: Ints, account: Account) -> Ints:
    """Index of the exporter's name per record, -1 where it has no address; 0.0.0.0 and :: are none."""
    names = np.full(len(ipv4), -1, np.int64)
    rows = np.flatnonzero(ipv4 != ABSENT)
    if len(rows):
        found = gather(data, ipv4[rows], V3_EXTENSIONS[RECEIVED_V4])["address"]
        distinct, of = np.unique(found, return_inverse=True)
        codes = [account.name(format_ipv4(a)) if a else -1 for a in distinct.tolist()]
        names[rows] = np.array(codes, np.int64)[of]
    rows = np.flatnonzero((ipv6 != ABSENT) & (names < 0))
    if len(rows):
        found = network_order(gather(data, ipv6[rows], V3_EXTENSIONS[RECEIVED_V6])["address"])
        distinct, of = np.unique(found.view("V16")[:, 0], return_inverse=True)
        codes = [
            account.name(str(ipaddress.IPv6Address(bytes(a)))) if any(bytes(a)) else -1 for a in distinct
        ]
        names[rows] = np.array(codes, np.int64)[of]
    return names
