"""`slowworm completion`: the shell's completion script."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script of a shell.

    \b
    bash: echo 'eval "$(slowworm completion bash)"' >> ~/.bashrc
    zsh:  echo 'eval "$(slowworm completion zsh)"' >> ~/.zshrc
    fish: slowworm completion fish > ~/.config/fish/completions/slowworm.fish
    """
    from click.shell_completion import get_completion_class

    from slowworm.cli import cli

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(cli, {}, "slowworm", "_SLOWWORM_COMPLETE").source())
