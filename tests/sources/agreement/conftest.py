"""``--write-docs``: write the page instead of comparing it."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Known where this folder is named on the command line."""
    parser.addoption("--write-docs", action="store_true", help="write docs/reference/agreement.md")
