"""The actors of a world: one module per kind of behaviour, every kind in a calibration and a judgement variant."""

from slowworm.errors import UsageError
from slowworm.rehearse.world.actors import (
    audit,
    fetchers,
    flood,
    gateways,
    lan,
    mail,
    manage,
    media,
    names,
    peers,
    push,
    radiation,
    remote,
    servers,
    things,
    web,
)
from slowworm.rehearse.world.actors.base import CALIBRATION, JUDGEMENT, Actor

# New actors go to the end: the position is an actor's slot among the server addresses.
ACTORS: tuple[Actor, ...] = (
    *web.ACTORS,
    *names.ACTORS,
    *peers.ACTORS,
    *mail.ACTORS,
    *radiation.ACTORS,
    *gateways.ACTORS,
    *fetchers.ACTORS,
    *servers.ACTORS,
    *manage.ACTORS,
    *push.ACTORS,
    *audit.ACTORS,
    *flood.ACTORS,
    *media.ACTORS,
    *lan.ACTORS,
    *things.ACTORS,
    *remote.ACTORS,
)


def chosen(wanted: str | tuple[str, ...]) -> list[Actor]:
    """Actors of a family, of all families, or by kind or name; :class:`UsageError` for what there is not."""
    names_ = (wanted,) if isinstance(wanted, str) else wanted
    found: list[Actor] = []
    for name in names_:
        match = [a for a in ACTORS if name in ("all", a.family, a.kind, a.name)]
        if not match:
            known = ", ".join(sorted({a.kind for a in ACTORS}))
            raise UsageError(f"no actor {name!r}: calibration, judgement, all, or {known}")
        found += match
    return [a for a in ACTORS if a in found]


__all__ = ["ACTORS", "CALIBRATION", "JUDGEMENT", "Actor", "chosen"]
