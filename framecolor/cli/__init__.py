"""The command line: one short file per command, each imported only when it is called. Imports everything."""

from __future__ import annotations

import difflib
import signal
import sys
from importlib import import_module

import click
from click.shell_completion import CompletionItem

from framecolor.cli.streams import lasting_streams
from framecolor.core.allocator import limit_arenas
from framecolor.core.cpu import count_usable_cores
from framecolor.errors import FramecolorError, on_one_line
from framecolor.version import VERSION

_COMMANDS = {
    "bench": "measure the stages, the engines and a whole shot on this machine",
    "check": "find faults of a shot's keys before it is painted: places and fixes",
    "colorize": "paint shots: line art and a few painted keys in, every frame out",
    "completion": "print the completion script for bash, zsh or fish",
    "config": "show the settings of a shot and where each one comes from",
    "dataset": "build training data",
    "demo": "paint the embedded demo shot end to end, write a report",
    "doctor": "check this machine: what works, what does not, and the fix",
    "engine": "compile the networks for an NVIDIA GPU, manage the engine files",
    "evaluate": "score painted frames against the truth",
    "explore": "paint color variations of one drawing; one can become a key",
    "farm": "paint one shot on many hosts: OpenJD jobs, Slurm arrays",
    "movie": "write painted frames as a movie for review",
    "palette": "show the colors of a shot's keys or of a palette file, write them in another format",
    "plan": "show what colorize would do with a shot, also as a page of its regions",
    "references": "keep painted drawings of a shot as references for the other shots of a show",
    "repaint": "recolor painted frames by another palette, without a new run",
    "report": "write one HTML page that shows what to check by eye",
    "review": "show the report as a live page: corrections repaint the shot at once",
    "sheet": "write the timing of painted frames as an exposure sheet",
    "train": "train a network",
}
# Signals by which a farm cancels a task, on POSIX and on Windows. They are handled like Ctrl-C.
_CANCELS = [getattr(signal, name) for name in ("SIGTERM", "SIGBREAK") if hasattr(signal, name)]


class LazyGroup(click.Group):
    """Commands that live in `framecolor.cli.NAME` as `NAME`; listing them imports none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        return getattr(import_module(f"framecolor.cli.{cmd_name}"), cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of a name. A misspelled one is an error with a suggestion, as in an eager group."""
        if args[0] not in _COMMANDS and not args[0].startswith("-") and not ctx.resilient_parsing:
            close = difflib.get_close_matches(args[0], _COMMANDS, n=1)
            ctx.fail(f"No such command {args[0]!r}." + (f" Did you mean {close[0]!r}?" if close else ""))
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        """Complete the names of commands without importing them, and those of options as any command does."""
        names = [CompletionItem(n, help=_COMMANDS[n]) for n in self.list_commands(ctx) if n.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _COMMANDS[name]) for name in self.list_commands(ctx)])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, prog_name="framecolor")
def framecolor() -> None:
    """Paint animation frames: line art and a few painted keys in, every frame in exactly the painter's colors out.

    \b
    Start here:  framecolor demo
    Then:        framecolor colorize SHOT --report
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line. Exit codes: 0 all done; 1 some frames failed; 2 usage or input error; 130 interrupted."""
    limit_arenas(count_usable_cores())
    with lasting_streams() as losses:
        code = _run(arguments)
    # A script must not take half a file for a whole one.
    sys.exit(2 if losses.any and code == 0 else code)


def _run(arguments: list[str] | None) -> int:
    before = {number: signal.signal(number, signal.default_int_handler) for number in _CANCELS}
    try:
        code = framecolor.main(arguments, prog_name="framecolor", standalone_mode=False)
    except click.exceptions.Exit as request:
        code = request.exit_code
    except click.Abort:
        click.echo("interrupted; every written file is complete, and the next run continues from there", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except FramecolorError as error:
        click.echo(f"error: {error}", err=True)
        code = 2
    except OSError as error:  # from any place where a disk can fail
        thing = "" if error.filename is None else f"{on_one_line(str(error.filename))}: "
        click.echo(f"error: {thing}{error.strerror or error}; check the disk, the name and its permissions", err=True)
        code = 2
    except MemoryError:
        click.echo("error: memory: not enough is free; end other programs, or paint smaller pictures", err=True)
        code = 2
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if isinstance(code, int) else 0
