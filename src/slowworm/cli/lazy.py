"""A command group that imports a command's module only when the command is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """``commands_at``: name → ``module:attribute``."""

    def __init__(self, *args: Any, commands_at: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order they were given."""
        return [*self._commands_at, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        place = self._commands_at.get(cmd_name)
        if place is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = place.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As usual, with a suggestion for a near miss, and for a file named without ``hunt``."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches
            from pathlib import Path

            name = args[0]
            near = get_close_matches(name, self.list_commands(ctx), n=1)
            if near:
                raise click.UsageError(f"{error.format_message()} Did you mean {near[0]}?", ctx=ctx) from None
            if name == "-" or Path(name).exists():
                said = f"{name!r} is no command. Did you mean: slowworm hunt {name}?"
                raise click.UsageError(said, ctx=ctx) from None
            raise
