"""Truth: who is who in a world, who infected whom, and what each exported flow belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.flows.schema import TEXT, TIME

HOSTS = pa.schema(
    [
        ("address", pa.uint32()),
        ("seen_as", pa.uint32()),
        ("address6", pa.binary(16)),
        ("inside", pa.bool_()),
        ("role", TEXT),
        ("family", TEXT),
        ("expected", TEXT),
        ("lookalike", TEXT),
        ("infected", pa.bool_()),
        ("worm", TEXT),
        ("profile", TEXT),
        ("onset", TIME),
        ("parent", pa.uint32()),
        ("parent_visible", pa.bool_()),
        ("rate", pa.float64()),
        ("probes_sent", pa.int64()),
        ("probes_seen", pa.int64()),
        ("first_probe_seen", TIME),
        ("flows", pa.int64()),
    ]
)
"""Columns of ``Truth.hosts``, one row a host.

``seen_as``: the address under which this vantage sees it, another than its own behind translation; then the pool's
address has a row of its own, infected where a host behind it is. ``address6``: its IPv6 address, null where it has
none. ``role``: the actor (``kind/variant``) most telling of it, or the endpoint's class. ``expected``: the right
verdict, ``infected``, ``scanner``, ``victim`` or ``clean``. ``lookalike``: what it may be mistaken for a scanner
as. ``onset``: when it began to probe. ``parent``: who infected it, null for patient zeros and outside hosts;
``parent_visible``: whether a flow of the infecting call was exported. ``rate``: targets a second. ``probes_sent``:
its probes wherever they went, null for outside hosts. ``probes_seen``: distinct destinations of its probes among
the exported flows. ``flows``: exported IPv4 flows that it is the source of.
"""

GROWTH = pa.schema(
    [
        ("worm", pa.string()),
        ("side", pa.string()),
        ("growth_per_hour", pa.float64()),
        ("infected", pa.int64()),
        ("patient_zeros", pa.int64()),
    ]
)
"""Columns of ``Truth.growth``: a worm's K per hour ``inside`` (by its targeting, null where that has no closed form)
and ``outside`` (as specified), how many it infected by the end, and how many it began with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """``hosts`` and ``growth`` as tables; the others parallel to ``World.flows``, one array a batch.

    ``flow_label``: codes into ``names``; ``flow_forward``: whether the flow goes from caller to called;
    ``flow_failed``: whether its exchange failed.
    """

    hosts: pa.Table
    growth: pa.Table
    names: tuple[str, ...]
    flow_label: tuple[npt.NDArray[np.int16], ...]
    flow_forward: tuple[npt.NDArray[np.bool_], ...]
    flow_failed: tuple[npt.NDArray[np.bool_], ...]
