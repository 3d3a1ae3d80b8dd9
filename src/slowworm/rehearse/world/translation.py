"""Network address translation at the border: hosts with private addresses share the few of a pool."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from slowworm.rehearse.world.exchanges import Exchanges
from slowworm.rehearse.world.site import Site
from slowworm.rehearse.world.spec import Vantage
from slowworm.rehearse.world.streams import mix, salt

Addresses = npt.NDArray[np.uint32]

LOWEST_PORT = 1024


def seen_as(site: Site, vantage: Vantage, addresses: Addresses) -> Addresses:
    """Under which address the vantage sees each inside host: its /24's pool address if it is translated."""
    hidden = np.flatnonzero(site.private(addresses)) if vantage.kind == "border" else np.zeros(0, np.int64)
    shown = addresses.copy()
    if len(hidden) and len(site.pool):
        which = mix(addresses[hidden] >> np.uint32(8), salt(site.seed, "pool")) % np.uint64(len(site.pool))
        shown[hidden] = site.pool[which.astype(np.int64)]
    return shown


def translated(calls: Exchanges, site: Site, vantage: Vantage) -> Exchanges:
    """The exchanges as they look beyond the translation; the same call always gets the same port."""
    if vantage.kind != "border" or not site.has_private:
        return calls
    hidden = site.contains(calls.client) & site.private(calls.client) & ~site.contains(calls.server)
    both: npt.NDArray[Any] = calls.client.astype(np.uint64) << np.uint64(16) | calls.client_port
    port = LOWEST_PORT + mix(both, salt(site.seed, "translation")) % np.uint64(65536 - LOWEST_PORT)
    return calls.replace(
        client=np.where(hidden, seen_as(site, vantage, calls.client), calls.client),
        client_port=np.where(hidden, port, calls.client_port),
    )
