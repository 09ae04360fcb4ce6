"""framecolor completion: print the script by which a shell completes commands, options and their values."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_SHELLS = ("bash", "zsh", "fish")
# The variable by which the script asks this program for completions; click derives the same name.
_VARIABLE = "_FRAMECOLOR_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script that makes Tab complete commands, options and their values in a SHELL.

    \b
    Example:
      framecolor completion bash

    \b
    To load it in every new shell:
      bash   echo 'eval "$(framecolor completion bash)"' >> ~/.bashrc
      zsh    echo 'eval "$(framecolor completion zsh)"' >> ~/.zshrc     (below the line with compinit)
      fish   framecolor completion fish > ~/.config/fish/completions/framecolor.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None, "click supports these three shells"
    click.echo(kind(context.find_root().command, {}, "framecolor", _VARIABLE).source(), nl=False)
