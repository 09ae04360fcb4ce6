"""What to check first: the doubts that settle most wrong regions in a second of the painter's work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from framecolor.core.text import count_of
from framecolor.output.frame_entry import FrameEntry, UnsureRegion
from framecolor.report.effort import CHOOSE, CONFIRM, LOOK, OPEN, name_time
from framecolor.report.links import Links, Place

# Share of the doubt in a region that a decision on the region it continues takes away, in the drawings beside it.
_CARRY = 0.5
# Most drawings on each side that a doubt is followed to.
_FARTHEST = 16


@dataclass(frozen=True)
class CheckAdvice:
    """A frame whose doubts are to be checked.

    frame    its entry
    regions  number of its doubts, without slivers
    gain     expected number of wrong regions that are right afterwards, in all drawings
    others   number of other drawings that improve
    seconds  expected time of the painter's work
    """

    frame: FrameEntry
    regions: int
    gain: float
    others: int
    seconds: float

    @property
    def rate(self) -> float:
        """Expected number of regions that a second of work settles."""
        return self.gain / self.seconds

    @property
    def effect(self) -> str:
        """What to expect of it, for the painter: 'settles about 5 regions in half a minute'."""
        elsewhere = f" here and in {count_of(self.others, 'other drawing')}" if self.others else ""
        return f"settles about {count_of(max(1, round(self.gain)), 'region')}{elsewhere} in {name_time(self.seconds)}"


@dataclass(frozen=True)
class _Doubt:
    """A doubt in a frame, and the doubts of other frames that a decision on it reaches."""

    region: UnsureRegion
    place: Place
    reached: tuple[Place, ...]


def advise_checks(frames: Sequence[FrameEntry]) -> tuple[CheckAdvice, ...]:
    """Order the frames with doubts: first those with regions that no key shows, then the others.

    Each kind is ordered by what checking a frame settles in a second, the best first.

    A doubt settles its own expected error, 1 - confidence, and half of that in the doubts of the same color that
    continue the region in other drawings: they are probably wrong together, and painted again from one decision. Each
    frame counts on those before it. Frames with nothing but slivers are left out.
    """
    return tuple(sorted(_order_by_rate(frames), key=lambda advice: advice.frame.unseen_px == 0))


def _order_by_rate(frames: Sequence[FrameEntry]) -> Iterator[CheckAdvice]:
    doubts = _find_doubts(frames)
    wrong = {doubt.place: 1 - doubt.region.confidence for found in doubts.values() for doubt in found}
    entries = {frame.number: frame for frame in frames}
    open_frames = {number: _advise(entries[number], found, wrong) for number, found in doubts.items()}
    while open_frames:
        best = max(open_frames.values(), key=lambda advice: (advice.rate, -advice.frame.number))
        yield best
        del open_frames[best.frame.number]
        touched: set[int] = set()
        for doubt in doubts[best.frame.number]:
            for place in doubt.reached:
                wrong[place] -= _CARRY * min(wrong[place], wrong[doubt.place])
                touched.add(place[0])
            wrong[doubt.place] = 0.0
        for number in touched & open_frames.keys():
            open_frames[number] = _advise(entries[number], doubts[number], wrong)


def _find_doubts(frames: Sequence[FrameEntry]) -> dict[int, list[_Doubt]]:
    links = Links.of(frames)
    listed = {(frame.number, one.region): one.color for frame in frames for one in frame.to_check if one.region}
    found: dict[int, list[_Doubt]] = {}
    for frame in frames:
        for index, one in enumerate(frame.to_check, 1):
            # A piece of a line has no region: it is alone.
            place = (frame.number, one.region or -index)
            reached = tuple(at for at in links.follow(*place, _FARTHEST) if listed.get(at) == one.color)
            found.setdefault(frame.number, []).append(_Doubt(one, place, reached))
    return found


def _advise(frame: FrameEntry, doubts: Sequence[_Doubt], wrong: dict[Place, float]) -> CheckAdvice:
    gains = {
        doubt.place: wrong[doubt.place] + _CARRY * sum(min(wrong[doubt.place], wrong[at]) for at in doubt.reached)
        for doubt in doubts
    }
    errors = [wrong[doubt.place] for doubt in doubts]
    return CheckAdvice(
        frame,
        len(doubts),
        sum(gains.values()),
        len({at[0] for doubt in doubts for at in doubt.reached if wrong[at] > 0}),
        OPEN + sum(LOOK + CONFIRM * (1 - error) + CHOOSE * error for error in errors),
    )
