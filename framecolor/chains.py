"""Chains: the stretches of drawings between keys that are painted together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Chain:
    """Neighboring drawings, first to last, with a key at one end or both.

    numbers  all drawings of the chain
    paints   those that are painted with it: a key between two chains belongs to the first of them
    """

    numbers: tuple[int, ...]
    paints: tuple[int, ...]


def plan_chains(numbers: Sequence[int], keys: Collection[int], wanted: Collection[int]) -> list[Chain]:
    """Cut a shot at its keys; chains that hold no wanted drawing are left out.

    numbers  every drawing of the shot, rising; keys  at least one of them.
    """
    cuts = [i for i, number in enumerate(numbers) if number in keys]
    edges = [0, *[i for i in cuts if 0 < i < len(numbers) - 1], len(numbers) - 1]
    chains = []
    for first, last in zip(edges[:-1], edges[1:], strict=True):
        own = numbers[first : last + 1] if first == 0 else numbers[first + 1 : last + 1]
        chains.append(Chain(tuple(numbers[first : last + 1]), tuple(n for n in own if n in wanted)))
    if len(numbers) == 1:
        chains = [Chain(tuple(numbers), tuple(n for n in numbers if n in wanted))]
    return [chain for chain in chains if chain.paints]
