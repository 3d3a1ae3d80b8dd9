"""Says at the end of a test run from which seed was fuzzed, so that what was found can be found again."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line, where fuzz tests ran."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, [])]
    seeds = {value for r in reports for key, value in getattr(r, "user_properties", ()) if key == "fuzz seed"}
    for seed in seeds:
        terminalreporter.write_line(
            f"fuzzed from seed {seed} (SLOWWORM_FUZZ_SEED takes another; make fuzz for longer)"
        )
