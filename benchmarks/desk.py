"""A simulated painter at the desk: checks listed doubts, corrects and holds them, paints keys, and paints again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from shutil import copyfile

import numpy as np
from chained import collect_posteriors
from clips import Clip
from curve import Clock, Point, mean_right
from numpy.typing import NDArray
from region_truth import RegionTruth

from framecolor import Settings, Shot
from framecolor.core.compositing import lay_over_color
from framecolor.evaluation.metrics.regions import label_line_art, near
from framecolor.evaluation.metrics.score import SMALL_REGION_PX
from framecolor.lineart.lines import read_drawing
from framecolor.media import read_image
from framecolor.output.frame_entry import FrameEntry, UnsureRegion
from framecolor.output.manifest import Manifest
from framecolor.pipeline.colorize import paint_shot
from framecolor.pipeline.session import Session
from framecolor.report.effort import CHOOSE, CONFIRM, FILL, GLANCE, HOLD, LOOK, OPEN, UNTICK
from framecolor.report.links import Links
from framecolor.shot.corrections import Correction, Rgba, write_corrections

_TOLERANCE = 8
# Frames on each side that a hold proposes, as on the page.
_LONGEST_HOLD = 12


@dataclass
class Desk:
    """A clip on a painter's desk, from the first key on.

    scored  the regions that count, by frame number
    own     the regions that framecolor paints, by frame number
    labels  corrections by frame number and region
    """

    clip: Clip
    folder: Path
    clock: Clock = field(default_factory=Clock)
    curve: list[Point] = field(default_factory=list[Point])
    keys: set[int] = field(default_factory=set[int])
    labels: dict[tuple[int, int], Correction] = field(default_factory=dict[tuple[int, int], Correction])
    own: dict[int, RegionTruth] = field(default_factory=dict[int, RegionTruth])
    session: Session = field(default_factory=lambda: Session(lambda entry: None))

    @cached_property
    def scored(self) -> dict[int, RegionTruth]:
        return read_scored(self.clip)

    def paint_first_key(self, number: int) -> None:
        """Paint a key region by region, and the clip from it."""
        root = self.folder / self.clip.name
        self.clip.write_shot(root, [number])
        self.keys.add(number)
        count = int(np.count_nonzero(self.scored[number].area > SMALL_REGION_PX))
        self.clock.spend(FILL * count, count)
        self.repaint()

    def paint_key(self, number: int) -> None:
        """Paint a key from what stands: look through the frame, mend what is wrong."""
        right = self._compare(number)
        self.clock.look_through(len(right), int((~right).sum()))
        source = self.clip.color[number]
        copyfile(source, self.folder / self.clip.name / "keys" / source.name)
        self.keys.add(number)
        self.labels = {at: label for at, label in self.labels.items() if at[0] != number}

    def repaint(self) -> None:
        """Paint the clip again from all keys and corrections, and note the quality."""
        file = self.folder / "corrections.json"
        write_corrections(file, self.clip.name, sorted(self.labels.values(), key=lambda one: one.number))
        with collect_posteriors() as posteriors:
            shot = Shot.open(self.folder / self.clip.name, corrections=file)
            paint_shot(shot, self.folder / "color", Settings(), None, session=self.session)
        self.manifest = Manifest.read(self.folder / "color")
        self.entries = {entry.number: entry for entry in self.manifest.frames}
        self.place = {number: place for place, number in enumerate(self.entries)}
        self.links = Links.of(self.manifest.frames)
        palette = np.array(self.manifest.palette, np.uint8).reshape(-1, 4)
        self.palette = palette
        for number, posterior in posteriors.items():
            labels = posterior.features.drawing.regions().labels
            if number not in self.own or not np.array_equal(self.own[number].labels, labels):
                self.own[number] = RegionTruth.read(labels, read_image(self.clip.truth[number]))
                self.labels = {at: label for at, label in self.labels.items() if at[0] != number} | {
                    (number, int(labels[one.y, one.x])): one for one in self.labels.values() if one.number == number
                }
        self.pictures = {number: read_image(self.folder / "color" / one.file) for number, one in self.entries.items()}
        self.note()

    def note(self) -> None:
        """Note the quality that the work so far has brought."""
        right = mean_right([self._compare(number) for number in self.clip.line])
        self.curve.append(Point(self.clock.seconds / 60, self.clock.clicks, right))

    def _compare(self, number: int) -> NDArray[np.bool_]:
        scored = self.scored[number]
        return scored.compare(self.pictures[number])[scored.area > SMALL_REGION_PX]

    def list_fresh(self, entry: FrameEntry) -> list[UnsureRegion]:
        """List a frame's doubts that the painter has not decided yet, without slivers and pieces of lines."""
        return [one for one in entry.to_check if one.region and (entry.number, one.region) not in self.labels]

    def check_frame(self, number: int, doubts: Sequence[UnsureRegion]) -> None:
        """Go through doubts of a frame: confirm those that are right, correct the others and hold the corrections."""
        self.clock.spend(OPEN)
        for unsure in doubts:
            if (number, unsure.region) not in self.labels:  # a hold may have decided it meanwhile
                self._check(number, unsure)

    def _check(self, number: int, unsure: UnsureRegion) -> None:
        region = unsure.region or 0
        true = int(self.own[number].true[region - 1])
        painted, second = self._code(unsure.color), None if unsure.second is None else self._code(unsure.second)
        known = [code is not None and self._same(code, true) for code in (painted, second)]
        self.clock.spend(LOOK + (CONFIRM if any(known) else CHOOSE), 1)
        self._label(number, region)
        if not known[0]:
            self._hold(number, region, true)

    def _hold(self, number: int, region: int, true: int) -> None:
        """Hold a correction over the drawings that continue the region, if the next one has it in doubt as well."""
        found = [
            at
            for at in self.links.follow(number, region)
            if abs(self.place[at[0]] - self.place[number]) <= _LONGEST_HOLD
        ]
        doubts = {(n, one.region) for n, _ in found for one in self.entries[n].unsure}
        if not any(at in doubts and at not in self.labels for at in found):
            return
        wrong = [at for at in found if not self._same(int(self.own[at[0]].true[at[1] - 1]), true)]
        self.clock.spend(HOLD + GLANCE * len(found) + UNTICK * len(wrong), 1 + len(wrong))
        for at in found:
            if at not in wrong:
                self._label(*at)

    def _label(self, number: int, region: int) -> None:
        own = self.own[number]
        x, y = own.find_inmost(region)
        self.labels[number, region] = Correction(number, x, y, find_paint(self.palette, int(own.true[region - 1])))

    def _code(self, color: int) -> int:
        red, green, blue = lay_over_color(self.palette[None, color : color + 1])[0, 0].tolist()
        return red << 16 | green << 8 | blue

    @staticmethod
    def _same(code: int, other: int) -> bool:
        return bool(near(np.array([code], np.int32), other, _TOLERANCE)[0])


def read_scored(clip: Clip) -> dict[int, RegionTruth]:
    """Read the regions that count, those of the drawings as the scorer finds them, and their true colors."""
    found: dict[int, RegionTruth] = {}
    for number, path in clip.line.items():
        line = read_image(path)
        labels = label_line_art(line, read_drawing(number, line).ink)
        found[number] = RegionTruth.read(labels, read_image(clip.truth[number]))
    return found


def find_paint(palette: NDArray[np.uint8], true: int) -> Rgba:
    """Find the color of the palette that a packed true color stands for; if no key shows it, the true one."""
    rgb = (true >> 16 & 255, true >> 8 & 255, true & 255)
    apart = np.abs(lay_over_color(palette[None])[0].astype(int) - rgb).max(axis=1)
    known = int(apart.argmin())
    red, green, blue, alpha = palette[known].tolist() if apart[known] <= _TOLERANCE else (*rgb, 255)
    return red, green, blue, alpha
