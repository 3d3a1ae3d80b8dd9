"""A labelled world to measure detection in: benign actors and worms at one site, its flows, and the truth about them.

>>> world = build(WorldSpec(seed=1, hosts=300, worms=(WormSpec(profile="codered-ii", rate=5.0),)))
>>> world.truth.hosts.filter(world.truth.hosts["infected"])["probes_seen"].to_pylist()[0] > 1000
True
"""

from slowworm.rehearse.world.build import World, build
from slowworm.rehearse.world.spec import Outage, Vantage, WorldSpec, WormSpec
from slowworm.rehearse.world.summary import summary, summary_table
from slowworm.rehearse.world.truth import Truth

__all__ = [
    "Outage", "Truth", "Vantage", "World", "WorldSpec", "WormSpec", "build", "summary", "summary_table",
]  # fmt: skip
