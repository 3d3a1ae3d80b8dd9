"""Slowworm: which hosts a scanning worm has infected, from what routers already know.

import slowworm
result = slowworm.hunt("capture.txt")
for verdict in result.verdicts:
    print(verdict.address, verdict.verdict, verdict.reason)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slowworm.api.hunt import hunt as hunt
    from slowworm.detect.profiles import Profile as Profile
    from slowworm.detect.profiles import Profiles as Profiles
    from slowworm.detect.profiles import load_profiles as load_profiles
    from slowworm.detect.verdicts import Evidence as Evidence
    from slowworm.detect.verdicts import Verdict as Verdict
    from slowworm.errors import FilterError as FilterError
    from slowworm.errors import InputError as InputError
    from slowworm.errors import MissingExtraError as MissingExtraError
    from slowworm.errors import ProfileError as ProfileError
    from slowworm.errors import SlowwormError as SlowwormError
    from slowworm.errors import UsageError as UsageError
    from slowworm.flows.filter import Filter as Filter
    from slowworm.flows.schema import schema as flow_schema  # noqa: F401
    from slowworm.report.case import HuntResult as HuntResult

__version__ = "0.1.0"

_PUBLIC = {
    "hunt": ("slowworm.api.hunt", "hunt"),
    "HuntResult": ("slowworm.report.case", "HuntResult"),
    "Verdict": ("slowworm.detect.verdicts", "Verdict"),
    "Evidence": ("slowworm.detect.verdicts", "Evidence"),
    "Profile": ("slowworm.detect.profiles", "Profile"),
    "Profiles": ("slowworm.detect.profiles", "Profiles"),
    "load_profiles": ("slowworm.detect.profiles", "load_profiles"),
    "Filter": ("slowworm.flows.filter", "Filter"),
    "flow_schema": ("slowworm.flows.schema", "schema"),
    "SlowwormError": ("slowworm.errors", "SlowwormError"),
    "UsageError": ("slowworm.errors", "UsageError"),
    "InputError": ("slowworm.errors", "InputError"),
    "FilterError": ("slowworm.errors", "FilterError"),
    "ProfileError": ("slowworm.errors", "ProfileError"),
    "MissingExtraError": ("slowworm.errors", "MissingExtraError"),
}

__all__ = [*_PUBLIC, "__version__"]


def __getattr__(name: str) -> object:
    """Load public names on first use: ``import slowworm`` itself stays cheap."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'slowworm' has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
