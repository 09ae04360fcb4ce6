"""framecolor doctor: check this machine and name a fix for each problem."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from framecolor.cli.options import PATH, json_option

if TYPE_CHECKING:
    from framecolor.doctor import Finding

_WIDTH = 10


@click.command()
@click.argument("folder", type=PATH, required=False, metavar="[SHOT|OUT]")
@json_option
def doctor(folder: Path | None, as_json: bool) -> int:
    """Check this machine: packages, GPU, TensorRT, engines, codecs, weights, disk, locks, settings.

    Also checks a SHOT, or an output folder OUT, if it is given. Each finding that is not ok names a fix. It takes some
    seconds, needs no network, and leaves no files. Exit code 1 if a check failed.

    \b
    Examples:
      framecolor doctor
      framecolor doctor cut_012 --json
    """
    from framecolor.doctor import STATUSES, examine, find_target

    begin = time.monotonic()
    target = find_target(folder)
    findings: list[Finding] = []
    for finding in examine(target):
        if not as_json:
            _print(finding, findings[-1].topic if findings else "")
        findings.append(finding)
    counts = {status: sum(f.status == status for f in findings) for status in STATUSES}
    seconds = round(time.monotonic() - begin, 1)
    if as_json:
        rows = [
            {"topic": f.topic, "status": f.status, "what": f.what, "fix": f.fix, "data": dict(f.data)} for f in findings
        ]
        click.echo(json.dumps({"counts": counts, "seconds": seconds, "findings": rows}, indent=1))
    else:
        counted = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
        click.echo(f"\n{counted}, in {seconds} seconds")
    return 1 if counts["fail"] else 0


def _print(finding: Finding, before: str) -> None:
    """Print a finding and its fix; its topic only if it is not `before`, that of the finding above."""
    topic = finding.topic if finding.topic != before else ""
    status = finding.status.upper() if finding.status == "fail" else finding.status
    click.echo(f"{topic:{_WIDTH}} {status:4}  {finding.what}")
    if finding.fix:
        click.echo(f"{'':{_WIDTH}}       -> {finding.fix}")
