"""MurmurHash3, the hash of names in Cryptomatte. Other hashes are `core.hashing`'s."""

from __future__ import annotations

_MASK = 0xFFFFFFFF


def hash_name(name: str) -> int:
    """Hash a name, as UTF-8, to 32 bits: MurmurHash3_x86_32 of Austin Appleby (public domain), with seed 0."""
    data = name.encode()
    state = 0
    for place in range(0, len(data), 4):
        word = data[place : place + 4]
        mixed = int.from_bytes(word, "little") * 0xCC9E2D51 & _MASK
        state ^= _turn(mixed, 15) * 0x1B873593 & _MASK
        if len(word) == 4:
            state = _turn(state, 13) * 5 + 0xE6546B64 & _MASK
    state ^= len(data)
    state = (state ^ state >> 16) * 0x85EBCA6B & _MASK
    state = (state ^ state >> 13) * 0xC2B2AE35 & _MASK
    return state ^ state >> 16


def _turn(value: int, bits: int) -> int:
    return (value << bits | value >> 32 - bits) & _MASK
