"""A character that can be posed: its surface, and the motions that its own and shared clips give it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from framecolor.training.rigged.retarget import Retarget, faces_back
from framecolor.training.rigged.rig import Clip, Floats, Rig
from framecolor.training.rigged.surface import Surface, read_surface

# A clip whose last pose is this near to its first, in parts of the skeleton's size, goes round.
_LOOP_SHARE = 0.05


@dataclass(frozen=True, eq=False, repr=False)
class Motion:
    """One clip on one rig: `place` gives the world matrices of the rig's nodes at a time."""

    name: str
    seconds: float
    place: Callable[[float], Floats]

    def wrap(self, seconds: float, loops: bool) -> float:
        """Bring a time into the clip: from its start again if it loops, else back and forth."""
        if loops:
            return seconds % self.seconds
        turn = seconds % (2 * self.seconds)
        return min(turn, 2 * self.seconds - turn)

    def loops(self) -> bool:
        """Tell whether the clip ends as it starts."""
        first, last = self.place(0.0)[:, :3, 3], self.place(self.seconds)[:, :3, 3]
        return bool(np.abs(first - last).max() < _LOOP_SHARE * max(float(np.ptp(first, axis=0).max()), 1e-9))


class Actor:
    """A rig with its surface and motions; posed points are about one unit high, y up, and face +z at rest."""

    def __init__(self, rig: Rig, sources: list[Rig], hide: frozenset[str] = frozenset(), tone: int = 0) -> None:
        """Raise one of MISSHAPEN if the rig has no motion or cannot be drawn. `sources` have shared clips."""
        self.rig = rig
        self.surface: Surface = read_surface(rig, hide, tone)
        self.motions = [_own(rig, clip) for clip in rig.clips.values()]
        for source in sources:
            retarget = Retarget(rig, source)
            self.motions += [_shared(retarget, clip) for clip in source.clips.values()]
        if not self.motions:
            raise ValueError("it has no clip that moves")
        points = self._skin(rig.place(rig.rest))[np.unique(self.surface.triangles)]
        self._frame = np.diag([-1.0, 1.0, -1.0]) if faces_back(rig) else np.eye(3)
        self._frame /= max(float(np.ptp(points, axis=0).max()), 1e-9)

    def pose(self, motion: Motion, seconds: float) -> Floats:
        """Compute the points of all meshes in a row, Vx3."""
        return self._skin(motion.place(seconds)) @ self._frame.T

    def measure_motion(self, motion: Motion, seconds: list[float]) -> float:
        """Measure how far nodes move between times in a row, in units of the character."""
        nodes = sorted(self.rig.joints) or range(len(self.rig.names))
        placed = np.stack([motion.place(t)[list(nodes), :3, 3] @ self._frame.T for t in seconds])
        return float(np.linalg.norm(np.diff(placed, axis=0), axis=2).mean())

    def _skin(self, world: Floats) -> Floats:
        return np.concatenate([self.rig.skin(mesh, world) for mesh in self.surface.meshes])


def _own(rig: Rig, clip: Clip) -> Motion:
    return Motion(clip.name, clip.seconds, lambda seconds: rig.place(rig.sample(clip, seconds)))


def _shared(retarget: Retarget, clip: Clip) -> Motion:
    return Motion(clip.name, clip.seconds, lambda seconds: retarget.place(clip, seconds))
