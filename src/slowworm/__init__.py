"""Slowworm: which hosts a scanning worm has infected, from what routers already know.

import slowworm
result = slowworm.hunt("capture.txt")
for verdict in result.verdicts:
    print(verdict.address, verdict.verdict, verdict.reason)
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slowworm.api.convert import ConvertResult as ConvertResult
    from slowworm.api.convert import convert as convert
    from slowworm.api.diagnose import diagnose as diagnose
    from slowworm.api.hunt import hunt as hunt
    from slowworm.api.query import query as query
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
    "convert": ("slowworm.api.convert", "convert"),
    "ConvertResult": ("slowworm.api.convert", "ConvertResult"),
    "diagnose": ("slowworm.api.diagnose", "diagnose"),
    "query": ("slowworm.api.query", "query"),
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


class _Face(ModuleType):
    """The package as a module on which a public function wins over the room of the same name.

    Importing ``slowworm.diagnose.facts`` would otherwise put the folder where the function ``slowworm.diagnose`` is.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _PUBLIC and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Face


def __dir__() -> list[str]:
    return sorted(__all__)
