"""Draw bodies for heads: torso, arms and legs as tapered tubes with clothes, hung on joints."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from framecolor.training.puppets.joints import Part, Puppet
from framecolor.training.puppets.outlines import Point, circle, smooth, tube, xy
from framecolor.training.puppets.prepare import from_rest, paint_rest
from framecolor.training.puppets.shapes import Contour, Shape, cut_edges

Color = tuple[int, int, int]
_SKINS: tuple[Color, ...] = ((246, 214, 190), (231, 182, 140), (198, 134, 90), (141, 85, 52), (92, 56, 38))


@dataclass(eq=False)
class _Figure:
    """Shapes and parts of a figure under construction."""

    shapes: list[Shape] = field(default_factory=list)
    part_of: list[int] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    def add_part(self, parent: int, joint: Point, toward: Point, ramp: float, reach: float) -> int:
        axis = toward - joint
        size = float(np.hypot(*axis))
        number = len(self.parts)
        kind = "root" if parent < 0 else "limb"
        self.parts.append(Part(parent, kind, joint, axis / max(size, 1e-9), ramp, reach, size, number))
        return number

    def add_shape(self, part: int, contour: Contour, rgb: Color, on: int | None = None) -> int:
        self.shapes.append(Shape((cut_edges(contour, 0.06),), rgb, on=on, even_odd=True))
        self.part_of.append(part)
        return len(self.shapes) - 1


@dataclass(frozen=True, eq=False)
class _Look:
    """The build and clothes of a body; lengths in heads."""

    skin: Color
    shirt: Color
    trousers: Color
    shoes: Color
    sleeve: float
    leg_wear: float
    skirt: bool
    arm: float
    leg: float
    torso: float
    width: float
    girth: float


def give_body(head: Puppet, held: Puppet | None, rng: np.random.Generator) -> Puppet:
    """Put the head on a body of random build and clothes, perhaps holding a thing; fitted to the unit square."""
    anchor = _find_neck(head)
    look = _draw_look(head, anchor, rng)
    figure = _Figure()
    hips = np.array([anchor.x, anchor.y + look.torso])
    neck = np.array([anchor.x, anchor.y])
    trunk = figure.add_part(-1, hips, neck, look.torso, 0.2)
    sides = [-1.0, 1.0]
    rng.shuffle(sides)
    far, near = sides
    layers = [
        lambda: _add_arm(figure, trunk, neck, far, look, held if rng.random() < 0.4 else None, rng),
        lambda: _add_leg(figure, trunk, hips, far, look, rng),
        lambda: _add_leg(figure, trunk, hips, near, look, rng),
        lambda: _add_torso(figure, trunk, neck, hips, look, rng),
    ]
    for layer in layers:
        layer()
    joint = neck - xy(0, 0.05)
    top = figure.add_part(trunk, joint, joint - xy(0, 0.6), 0.12, 0.3)
    _add_puppet(figure, head, top)
    _add_arm(figure, trunk, neck, near, look, held if rng.random() < 0.4 else None, rng)
    return fit_puppet(Puppet(tuple(figure.shapes), tuple(figure.part_of), tuple(figure.parts)))


def fit_puppet(puppet: Puppet) -> Puppet:
    """Move and scale the puppet into the unit square around 0."""
    points = np.concatenate([s.points for s in puppet.shapes if s.on is None])
    low, high = points.min(axis=0), points.max(axis=0)
    scale = 1 / float((high - low).max())
    return move_puppet(puppet, scale, -(low + high) / 2 * scale)


def move_puppet(puppet: Puppet, scale: float, shift: Point) -> Puppet:
    """Scale the puppet about 0, then shift it, with its joints."""
    shapes = tuple(
        replace(
            s,
            contours=tuple(c * scale + shift for c in s.contours),
            clip=tuple(c * scale + shift for c in s.clip),
            stroke=None if s.stroke is None else s.stroke * scale,
        )
        for s in puppet.shapes
    )
    parts = tuple(
        replace(p, joint=p.joint * scale + shift, ramp=p.ramp * scale, size=p.size * scale) for p in puppet.parts
    )
    return Puppet(shapes, puppet.part_of, parts)


@dataclass(frozen=True)
class _Neck:
    """The neck: the middle of the drawing's lower edge, its width, and the shape there, on which the body hangs."""

    x: float
    y: float
    width: float
    shape: int


def _find_neck(head: Puppet) -> _Neck:
    owner = paint_rest(head.shapes)
    rows = np.flatnonzero((owner > 0).any(axis=1))
    columns = np.flatnonzero(owner[rows[-1] - 4] > 0)
    seen = np.bincount(owner[rows[-1] - 12 : rows[-1] - 2].ravel(), minlength=2)[1:]
    at = from_rest(np.array([columns.mean(), rows[-1] - 6.0]))
    return _Neck(float(at[0]), float(at[1]), float(np.ptp(columns)) / owner.shape[0], int(seen.argmax()))


def _draw_look(head: Puppet, neck: _Neck, rng: np.random.Generator) -> _Look:
    def color() -> Color:
        red, green, blue = (int(v) for v in rng.integers(20, 240, 3))
        return red, green, blue

    shape = head.shapes[neck.shape]
    bust = neck.width > 0.42
    skin = _SKINS[int(rng.integers(len(_SKINS)))]
    if not bust and not shape.ink and max(shape.rgb) > 90:
        skin = shape.rgb
    # From small figures with large heads to adults.
    size = float(rng.choice([0.55, 0.75, 1.0]))
    return _Look(
        skin=skin,
        shirt=shape.rgb if bust and not shape.ink else color(),
        trousers=color(),
        shoes=color(),
        sleeve=float(rng.choice([0.0, 0.35, 0.95])),
        leg_wear=float(rng.choice([0.4, 0.95, 0.95])),
        skirt=bool(rng.random() < 0.25),
        arm=size * float(rng.uniform(0.9, 1.3)),
        leg=size * float(rng.uniform(0.8, 1.6)),
        torso=size * float(rng.uniform(0.8, 1.1)),
        width=float(np.clip(neck.width * rng.uniform(0.85, 1.0), 0.4, 1.0) if bust else rng.uniform(0.42, 0.75)),
        girth=float(rng.uniform(0.13, 0.22)),
    )


def _add_torso(figure: _Figure, trunk: int, neck: Point, hips: Point, look: _Look, rng: np.random.Generator) -> None:
    half, waist = look.width / 2, look.width / 2 * rng.uniform(0.6, 1.05)
    hip = look.width / 2 * rng.uniform(0.75, 1.1)
    slope = rng.uniform(0.02, 0.12)
    throat = 0.09
    figure.add_shape(trunk, tube([neck - xy(0, 0.12), neck + xy(0, 0.14)], throat, throat), look.skin)
    right = np.array(
        [
            neck + xy(throat, 0.0),
            neck + xy(half * 0.8, slope),
            neck + xy(half, slope + 0.14),
            neck * 0.5 + hips * 0.5 + xy(waist, 0),
            hips + xy(hip, 0),
            hips + xy(hip * 0.8, 0.08),
        ]
    )
    left = (right - [neck[0], 0]) * [-1, 1] + [neck[0], 0]
    shirt = figure.add_shape(trunk, smooth(np.concatenate([right, left[::-1]])), look.shirt)
    if rng.random() < 0.5:
        depth = rng.uniform(0.08, 0.3)
        collar = np.array([neck + xy(-0.16, -0.03), neck + xy(0.16, -0.03), neck + xy(0, depth)])
        figure.add_shape(trunk, collar, look.skin if rng.random() < 0.5 else look.shoes, on=shirt)
    if rng.random() < 0.5:
        belt = np.array([hips + xy(-1, -0.1), hips + xy(1, -0.1), hips + xy(1, 0.01), hips + xy(-1, 0.01)])
        figure.add_shape(trunk, belt, look.shoes, on=shirt)
    if rng.random() < 0.3:
        for y in np.linspace(0.25, 0.8, int(rng.integers(2, 5))):
            at = neck * (1 - y) + hips * y
            figure.add_shape(trunk, circle(at, 0.03), look.trousers)
    if look.skirt:
        long = rng.uniform(0.3, 0.9) * look.leg
        flare = hip * rng.uniform(1.1, 2.0)
        corners = [hips + xy(-hip, -0.06), hips + xy(hip, -0.06), hips + xy(flare, long), hips + xy(-flare, long)]
        swing = figure.add_part(trunk, hips, hips + xy(0, long), long * 0.6, 0.25)
        figure.add_shape(swing, smooth(np.array(corners)), look.trousers)


def _add_arm(
    figure: _Figure, trunk: int, neck: Point, side: float, look: _Look, held: Puppet | None, rng: np.random.Generator
) -> None:
    shoulder = neck + xy(side * look.width * 0.42, 0.17)
    wrist, elbow = _bend(shoulder, side, look.arm, rng.uniform(0.1, 1.3), rng.uniform(-0.2, 1.1))
    thick = look.girth / 2
    upper = figure.add_part(trunk, shoulder, elbow, thick * 1.5, 0.9)
    fore = figure.add_part(upper, elbow, wrist, thick * 1.8, 1.1)
    figure.add_shape(fore, tube([shoulder, elbow, wrist], thick, thick * 0.7), look.skin)
    along = (wrist - elbow) / np.hypot(*(wrist - elbow))
    if held is not None:
        scale = float(rng.uniform(0.25, 0.6))
        _add_puppet(figure, move_puppet(held, scale, wrist + along * thick), fore, rigid=True)
    hand = circle(wrist + along * thick * 0.6, thick * 1.15)
    figure.add_shape(fore, hand, look.skin)
    if rng.random() < 0.6:
        thumb = wrist + along * thick * 0.4
        figure.add_shape(
            fore, tube([thumb, thumb + along * thick + xy(side * thick * 1.2, 0)], thick * 0.4, 0.02), look.skin
        )
    if look.sleeve:
        cuff = elbow + (wrist - elbow) * max(0.0, look.sleeve * 2 - 1)
        path = [shoulder, elbow, cuff] if look.sleeve > 0.5 else [shoulder, shoulder + (elbow - shoulder) * 0.8]
        sleeve = figure.add_shape(fore, tube(path, thick * 1.35, thick * rng.uniform(1.0, 1.5)), look.shirt)
        if rng.random() < 0.4:
            end = path[-1]
            back = (path[-2] - end) / np.hypot(*(path[-2] - end))
            figure.add_shape(fore, tube([end - back * 0.1, end + back * 0.08], 0.2, 0.2), look.trousers, on=sleeve)


def _add_leg(figure: _Figure, trunk: int, hips: Point, side: float, look: _Look, rng: np.random.Generator) -> None:
    top = hips + xy(side * look.width * 0.22, -0.02)
    ankle, knee = _bend(top, side, look.leg, rng.uniform(0.0, 0.3), rng.uniform(-0.15, 0.15))
    thick = look.girth / 2 * 1.35
    thigh = figure.add_part(trunk, top, knee, thick * 1.5, 0.55)
    shin = figure.add_part(thigh, knee, ankle, thick * 1.8, 0.6)
    figure.add_shape(shin, tube([top, knee, ankle], thick, thick * 0.65), look.skin)
    if not look.skirt or rng.random() < 0.3:
        cuff = knee + (ankle - knee) * max(0.0, look.leg_wear * 2 - 1)
        path = [top, knee, cuff] if look.leg_wear > 0.5 else [top, top + (knee - top) * 0.8]
        figure.add_shape(shin, tube(path, thick * 1.3, thick * rng.uniform(0.9, 1.4)), look.trousers)
    toe = ankle + xy(side * thick * rng.uniform(1.2, 2.4), thick * 0.35)
    shoe = figure.add_shape(shin, tube([ankle, toe], thick * 0.95, thick * 0.7), look.shoes)
    if rng.random() < 0.5:
        sole = np.array([ankle + xy(-1, thick * 0.6), ankle + xy(1, thick * 0.6), ankle + xy(1, 1), ankle + xy(-1, 1)])
        figure.add_shape(shin, sole, look.shirt, on=shoe)


def _bend(start: Point, side: float, length: float, turn: float, bend: float) -> tuple[Point, Point]:
    """Find the end and middle joint of a limb that hangs `turn` radians away from the body's middle line."""
    first = turn
    second = turn + bend
    middle = start + length / 2 * np.array([side * np.sin(first), np.cos(first)])
    end = middle + length / 2 * np.array([side * np.sin(second), np.cos(second)])
    return end, middle


def _add_puppet(figure: _Figure, puppet: Puppet, holder: int, *, rigid: bool = False) -> None:
    """Hang a whole puppet on part `holder`; rigid: all of it moves with `holder`."""
    first_shape, first_part = len(figure.shapes), len(figure.parts) - 1
    figure.shapes += [replace(s, on=None if s.on is None else s.on + first_shape) for s in puppet.shapes]
    if rigid:
        figure.part_of += [holder] * len(puppet.shapes)
        return
    figure.part_of += [holder if p == 0 else p + first_part for p in puppet.part_of]
    for part in puppet.parts[1:]:
        parent = holder if part.parent == 0 else part.parent + first_part
        figure.parts.append(replace(part, parent=parent, twin=part.twin + first_part))
