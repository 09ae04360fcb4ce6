"""framecolor bench: how fast each part is on this machine, and how near to what the machine can do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from framecolor.config.settings import ENGINE_NAMES

# As `bench.spans.STAGES` and `bench.suite.END_TO_END`, which are slow to import.
WHAT = ("decode", "regions", "flow", "match", "generator", "paint", "encode", "end-to-end")
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("what", nargs=-1, type=click.Choice(WHAT), metavar="[WHAT]...")
@click.option("--shot", type=click.Path(path_type=Path), help="Shot to paint; one drawn in code if not given.")
@click.option("--engine", type=click.Choice(ENGINE_NAMES), default="auto", show_default=True)
@click.option("--size", "sizes", multiple=True, metavar="SIZE",
              help="540p, 720p, 1080p, 4K or WxH; can be given several times. Of the drawn shot (by default 1080p), "
              "and of pictures given whole to the generator.")  # fmt: skip
@click.option("--batch", type=click.IntRange(1), help="Pictures that the generator gets at a time.")
@click.option("--lanes", type=click.IntRange(1), help="How many of them are in flight.")
@click.option("--precision", type=click.Choice(("f32", "bf16", "f16")), help="The engine's own choice if not given.")
@click.option("--repeats", type=click.IntRange(1), default=3, show_default=True)
@click.option("--warmup", type=click.IntRange(0), default=1, show_default=True, help="Runs before, not counted.")
@click.option("--frames", type=click.IntRange(3), default=24, show_default=True)
@click.option("--twos", is_flag=True, help="The drawn shot animated on twos: each drawing shown twice.")
@click.option("-o", "--output", type=_FILE, help="JSON file for everything that was measured.")
@click.option(
    "--chart", type=_FILE, help="SVG file; the timeline (of the last size) goes beside it, as NAME.timeline.svg."
)
def bench(
    what: tuple[str, ...], sizes: tuple[str, ...], output: Path | None, chart: Path | None, **options: Any
) -> None:
    """Measure the stages of painting, the generator beside other ways to run it, and a whole shot end to end.

    WHAT is decode, regions, flow, match, generator, paint, encode or end-to-end; all of them if nothing is named. Every
    row says how near it is to a limit of this machine, measured in the same run.

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
