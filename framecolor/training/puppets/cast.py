"""Cast drawings: place a character, with things beside it, in scenes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from framecolor.training.puppets.joints import Puppet
from framecolor.training.puppets.prepare import paint_rest
from framecolor.training.puppets.scene import Actor, Scene


def draw_scene(lead: Puppet, partner: Puppet | None, things: Sequence[Puppet], rng: np.random.Generator) -> Scene:
    """Draw a scene: the lead in the middle, perhaps a partner of similar height, things around it or as backdrop."""
    height = float(rng.uniform(0.8, 1.0))
    at = np.array([rng.normal(0, 0.05), rng.normal(0, 0.03)])
    actors = [Actor(lead, 1, at, height, bool(rng.random() < 0.3), True)]
    first = 1 + len(lead.shapes)
    others = [(partner, True)] if partner is not None else []
    for puppet, is_partner in [*others, *((thing, False) for thing in things)]:
        side = float(rng.choice([-1, 1]))
        backdrop = not is_partner and rng.random() < 0.15
        if is_partner:
            tall, place = (
                height * rng.uniform(0.7, 1.1),
                np.array([side * rng.uniform(0.25, 0.55), rng.normal(0, 0.06)]),
            )
        elif backdrop:
            tall, place = rng.uniform(0.9, 1.5), rng.normal(0, 0.2, 2)
        else:
            tall, place = (
                height * rng.uniform(0.2, 0.6),
                np.array([side * rng.uniform(0.2, 0.5), rng.uniform(-0.25, 0.4)]),
            )
        depth = 0 if backdrop else int(rng.integers(len(actors) + 1))
        busy = is_partner or (not backdrop and rng.random() < 0.4)
        actors.insert(depth, Actor(puppet, first, place, float(tall), bool(rng.random() < 0.5), busy))
        first += len(puppet.shapes)
    melted: set[int] = set()
    for actor in actors:
        if rng.random() < 0.5:
            melted |= {actor.first_id + i for i in find_outlines(actor.puppet)}
    return Scene(tuple(actors), frozenset(melted))


def find_outlines(puppet: Puppet) -> list[int]:
    """Find the ink shapes between two fills or a fill and the background, which line styles draw by themselves."""
    owner = paint_rest(puppet.shapes).astype(np.int64)
    found = []
    for i, shape in enumerate(puppet.shapes):
        if not shape.ink or shape.on is not None:
            continue
        own = owner == i + 1
        beside = np.zeros(own.shape, bool)
        beside[1:] |= own[:-1]
        beside[:-1] |= own[1:]
        beside[:, 1:] |= own[:, :-1]
        beside[:, :-1] |= own[:, 1:]
        count = np.bincount(owner[beside & ~own])
        if count.size and (np.sort(count)[:-1].sum() >= 0.25 * count.sum()):
            found.append(i)
    return found
