"""framecolor bench: measure each stage on this machine, and compare it with the machine's limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from framecolor.cli.options import PATH, setting_option
from framecolor.core.clock import STAGES

# The last one is `bench.suite.END_TO_END`, which is slow to import.
WHAT = (*STAGES, "end-to-end")
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("what", nargs=-1, type=click.Choice(WHAT), metavar="[WHAT]...")
@click.option("--shot", type=PATH, help="Shot to paint; if not given, one that is drawn in code.")
@setting_option("engine", default="auto", show_default=True)
@click.option("--size", "sizes", multiple=True, metavar="SIZE",
              help="540p, 720p, 1080p, 4K or WxH; can be given several times. Size of the drawn shot (by default "
              "1080p), and of whole pictures that the generator gets.")  # fmt: skip
@click.option("--batch", type=click.IntRange(1), help="Pictures in one call of the generator.")
@click.option("--lanes", type=click.IntRange(1), help="Calls of the generator in flight.")
@click.option("--precision", type=click.Choice(("f32", "bf16", "f16")), help="The engine's own choice if not given.")
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True, help="Runs that are measured.")
@click.option("--warmup", type=click.IntRange(0), default=1, show_default=True, help="Runs before them, not measured.")
@click.option("--frames", type=click.IntRange(3), default=24, show_default=True, help="Frames to paint, at most.")
@click.option("--twos", is_flag=True, help="Draw the shot on twos: each drawing is shown for two frames.")
@click.option("-o", "--output", type=_FILE, help="JSON file for all measurements.")
@click.option(
    "--chart", type=_FILE, help="SVG file; the timeline of the last size goes beside it, as NAME.timeline.svg."
)
def bench(
    what: tuple[str, ...], sizes: tuple[str, ...], output: Path | None, chart: Path | None, **options: Any
) -> None:
    """Measure the stages of painting, the generator compared with other runtimes, and a whole shot end to end.

    WHAT is decode, regions, flow, match, generator, paint, encode or end-to-end; all of them if not given. Every row is
    compared with a limit of this machine, which is measured in the same run.

    \b
    Examples:
      framecolor bench
      framecolor bench generator --size 1080p --lanes 2 -o bench.json
      framecolor bench end-to-end --shot cut_012 --chart bench.svg
    """
    from framecolor.bench.sizes import parse_size

    parsed = tuple(parse_size(size) for size in sizes)

    from framecolor.bench.charts import draw_bars, draw_timeline
    from framecolor.bench.suite import Plan, run_bench
    from framecolor.bench.table import format_bench
    from framecolor.media import write_text_atomic

    plan = Plan(**options, stages=what or WHAT, sizes=parsed)
    results = run_bench(plan, lambda line: click.echo(f"measuring {line}", err=True))
    click.echo(format_bench(results))
    if output is not None:
        write_text_atomic(output, json.dumps(results, indent=1) + "\n")
    if chart is not None:
        write_text_atomic(chart, draw_bars(results))
        if results["timelines"]:
            write_text_atomic(chart.with_suffix(".timeline.svg"), draw_timeline(results["timelines"][-1]))
