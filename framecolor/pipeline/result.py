"""The outcome of a run on a shot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from framecolor.errors import OutputError
from framecolor.output.manifest_writer import BESIDE, ManifestWriter
from framecolor.output.remarks import name_remarks
from framecolor.pipeline.level import put_into_level
from framecolor.pipeline.prepared import forget_prepared, read_prepared
from framecolor.shot.shot import Shot

_NOT_REPORTED = "no task has painted it; run its task again"
_OTHER_SOURCE = "it was painted from other drawings, keys or settings than the job's; run its task again"


@dataclass(frozen=True)
class Outcome:
    """The outcome of a run.

    out          folder of the painted frames and framecolor.json
    keys         number of painted keys
    written      numbers of the frames whose file was written
    unchanged    numbers of the frames whose file did not change
    failed       number -> error of each frame that could not be painted
    warnings     warnings for the user
    unsure       number of regions to check in all frames
    seconds      time of the whole run
    fit_seconds  time before the first frame was painted
    """

    out: Path
    keys: int
    written: tuple[int, ...]
    unchanged: tuple[int, ...]
    failed: dict[int, str]
    warnings: tuple[str, ...]
    unsure: int
    seconds: float
    fit_seconds: float


def sum_up(
    shot: Shot,
    manifest: ManifestWriter,
    failed: Mapping[int, str],
    *,
    keys: int,
    written: Sequence[int] = (),
    warnings: Sequence[str] = (),
    seconds: float = 0.0,
    fit_seconds: float = 0.0,
) -> Outcome:
    """Sum up a run on the wanted frames of a shot; frames neither written nor failed are unchanged."""
    wanted = set(shot.wanted)
    touched = {*written, *failed}
    return Outcome(
        manifest.out,
        keys,
        tuple(sorted(written)),
        tuple(number for number in shot.wanted if number not in touched),
        {number: error for number, error in sorted(failed.items()) if number in wanted},
        tuple(warnings),
        manifest.count_unsure(wanted),
        seconds,
        fit_seconds,
    )


def gather_parts(shot: Shot, out: str | Path) -> Outcome:
    """Merge the manifests of tasks (`colorize_part`) into one framecolor.json. Returns the outcome of all tasks.

    A wanted frame fails if no task painted it, if its files were changed, or if its source is not that of `prepare`,
    such as after an earlier job. Call it with the folder locked (`claim_output`). Raises OutputError if nothing was
    painted.
    """
    out = Path(out)
    manifest = ManifestWriter(out)
    if not manifest.head:
        raise OutputError(out, "holds no painted frames", "run the tasks that paint them first")
    manifest.begin(manifest.head, shot.numbers)
    manifest.save()
    put_into_level(shot, manifest)
    prepared = read_prepared(out)
    failed = {number: _find_fault(manifest, number, prepared.get(number)) for number in shot.wanted}
    failed = {number: fault for number, fault in failed.items() if fault}
    if not failed and prepared.keys() <= set(shot.wanted):
        forget_prepared(out)
    remarks = name_remarks(manifest.list_remarks(shot.wanted))
    return sum_up(shot, manifest, failed, keys=len(shot.keys), warnings=remarks)


def _find_fault(manifest: ManifestWriter, number: int, source: str | None) -> str:
    entry = manifest.entry(number)
    if entry is None:
        return _NOT_REPORTED
    if entry.status == "failed":
        return entry.error
    if source not in (None, entry.source):
        return _OTHER_SOURCE
    noted = [role for role in BESIDE if getattr(entry, role) is not None]
    whole = manifest.is_current(number, entry.source or "", entry.file, noted)
    return "" if whole else f"{entry.file} is missing or changed"
