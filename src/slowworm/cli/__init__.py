"""The command line: one module per command; a command's module is imported when it runs."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from slowworm import __version__
from slowworm.cli.lazy import LazyGroup
from slowworm.errors import SlowwormError

EXIT_INTERRUPTED = 130
EXIT_USAGE = 2

COMMANDS = {
    "hunt": "slowworm.cli.hunt:hunt",
    "diagnose": "slowworm.cli.diagnose:diagnose",
    "convert": "slowworm.cli.convert:convert",
    "query": "slowworm.cli.query:query",
    "formats": "slowworm.cli.formats:formats",
    "profiles": "slowworm.cli.profiles:profiles",
    "completion": "slowworm.cli.completion:completion",
}


@click.group(
    cls=LazyGroup,
    commands_at=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="slowworm")
def cli() -> None:
    """Which hosts has a scanning worm infected? Ask what your routers already know.

    \b
    slowworm hunt capture.txt                 pasted `show ip cache flow` and the like
    ssh router show ip cache flow | slowworm hunt -
    slowworm hunt capture.txt --explain 193.23.45.35
    slowworm diagnose session.txt             what the scan does to the router

    Purely defensive: it reads, it never sends a probe and never touches a device.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point: runs a command, turns errors into messages and exit codes."""
    code: object = 0
    stdout = sys.stdout
    try:
        code = cli.main(
            args=None if arguments is None else list(arguments), prog_name="slowworm", standalone_mode=False
        )
        if stdout is not None:
            stdout.flush()
    except SystemExit as end:
        # Where the reader of a pipe has gone, click puts a wrapper in place of stdout and exits with 1.
        code = end.code if sys.stdout is stdout else _writing_failed(BrokenPipeError())
    except (click.exceptions.Abort, KeyboardInterrupt):
        code = EXIT_INTERRUPTED
    except OSError as error:
        code = _writing_failed(error)
    except click.ClickException as error:
        error.show()
        code = EXIT_USAGE
    except SlowwormError as error:
        click.echo(f"slowworm: {error}", err=True)
        code = error.exit_code
    sys.exit(code if isinstance(code, int) else 0)


def _writing_failed(error: OSError) -> int:
    """The reader (head, less) has gone: quietly 0. Anything else (a full disk) is told."""
    # The interpreter would try to flush once more at exit, and complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    if isinstance(error, BrokenPipeError):
        return 0
    click.echo(f"slowworm: the answer cannot be written: {error.strerror or error}", err=True)
    return EXIT_USAGE
