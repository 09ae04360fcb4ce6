"""What a written frame follows from: while it is the same, the frame need not be painted again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from framecolor.core.hashing import digest
from framecolor.propagation.smoothing import FramePosterior


@dataclass(frozen=True)
class Origin:
    """Hashes of all that a frame follows from.

    picture  of what decides its picture, in flat paint
    doubts   of what else decides its entry in framecolor.json
    """

    picture: str
    doubts: str

    @classmethod
    def find(cls, item: FramePosterior, shared: str, key: str, labels: Iterable[str]) -> Origin:
        """Find the origin of a frame.

        shared  hash of what all frames of the run share
        key     hash of the key that the frame shows; "" if there is none
        labels  hashes of the labels of the key and of the drawing itself
        """
        features = item.features
        # Kinds of paper decide where white paper becomes transparent.
        chosen = item.belief.argmax(axis=1).tobytes(), features.kinds.tobytes()
        believed = [item.belief, item.confidence, features.unseen, *([] if item.origins is None else [item.origins])]
        links = repr((item.hold_of, item.flicker, item.before))
        return cls(
            digest(features.digest, *chosen, shared, key, *labels),
            digest(*(array.tobytes() for array in believed), links),
        )
