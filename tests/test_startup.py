"""A small capture answers at once: nothing heavy is imported on its way, and nothing is compiled."""

import subprocess
import sys

import pytest

from tests.support import EXAMPLES, slowworm

HEAVY = (
    "numba",
    "llvmlite",
    "pandas",
    "duckdb",
    "scipy",
    "matplotlib",
    "pyspark",
    "pyarrow.parquet",
    "pyarrow.dataset",
)

PROGRAM = """
import sys
from slowworm.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    assert end.code in (0, None), end.code
print(*sorted(sys.modules), file=sys.stderr)
"""


def modules_after(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_hunting_in_ten_lines_imports_nothing_heavy(form: str) -> None:
    loaded = modules_after("hunt", str(EXAMPLES / "codered-netflow.txt"), "--format", form)
    assert "slowworm.detect.detector" in loaded
    assert not {m for m in loaded if m.startswith(HEAVY)}


def test_help_and_completion_import_no_arrays() -> None:
    loaded = modules_after("hunt", "--help")
    assert not {"numpy", "pyarrow", "rich"} & loaded


def test_importing_the_package_imports_next_to_nothing() -> None:
    code = "import slowworm, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "pyarrow", "click"} & set(done.stdout.split())


def test_a_large_capture_does_use_the_compiled_kernel() -> None:
    # The counterpart: without it the tests above would hold for a program that never compiles.
    text = "SrcIf SrcIPaddress DstIf DstIPaddress Pr SrcP DstP Pkts\n" + (
        "Vl1           193.23.45.35    Vl3           2.34.56.12      06 0F9F 0050     2 \n" * 30_000
    )
    code = (
        "import sys, slowworm\nr = slowworm.hunt(sys.stdin.buffer.read())\n"
        "print(r.flow_count, 'numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], input=text.encode(), capture_output=True, check=True)
    assert done.stdout.decode().split() == ["30000", "True"]


def test_the_version_is_told() -> None:
    import slowworm as package

    assert package.__version__ in slowworm("--version").out
