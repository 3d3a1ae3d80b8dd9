"""What the tests of the diagnosis share: reading text, and the golden files of ntc-templates."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

import pytest
from tests.support import SHARED

from slowworm.diagnose.facts import Fact, Router
from slowworm.diagnose.findings import Finding
from slowworm.diagnose.judge import diagnosed
from slowworm.diagnose.reading import SessionReader
from slowworm.diagnose.rules import standard_rules
from slowworm.diagnose.show.commands import standard_commands

NTC = SHARED / "data" / "cisco-text" / "ntc-templates" / "tests" / "cisco_ios"
F = TypeVar("F", bound=Fact)


def routers(*texts: str | bytes) -> list[Router]:
    reader = SessionReader(standard_commands())
    for number, text in enumerate(texts, 1):
        reader.read(f"text{number}", text if isinstance(text, bytes) else text.encode())
    return reader.routers()


def router(*texts: str) -> Router:
    found = routers(*texts)
    assert len(found) == 1, [r.hostname for r in found]
    return found[0]


def fact(kind: type[F], *texts: str) -> F:
    found = router(*texts).last(kind)
    assert found is not None
    return found


def findings(*texts: str) -> dict[str, Finding]:
    return {f.id: f for f in diagnosed(router(*texts), standard_rules()).findings}


def captures(folder: str) -> list[Path]:
    return sorted((NTC / folder).glob("*.raw"))


def golden(raw: Path) -> list[dict[str, str]]:
    """The rows of a golden file; only keys with one value each are used here."""
    rows: list[dict[str, str]] = []
    for line in raw.with_suffix(".yml").read_text().split("\n"):
        match = re.match(r"(?:  - |    )(\w+): ['\"]?(.*?)['\"]?$", line)
        if match is None:
            continue
        if line.startswith("  - "):
            rows.append({})
        rows[-1][match[1]] = match[2]
    return rows


needs_captures = pytest.mark.skipif(not NTC.exists(), reason="the public captures are not here")
