"""Networks as ONNX files, for engines that compile them. Needs the extra `onnx`."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from framecolor.networks.matcher import SHAPE_TRAITS, Matcher

OPSET = 18
# Which axes are free, by input or output, and what they count.
Axes = Mapping[str, Mapping[int, str]]

_DESCRIBE_AXES: Axes = {
    "look": {0: "regions"},
    "shape": {0: "regions"},
    "contact": {0: "regions", 1: "regions"},
    "tokens": {0: "regions"},
}
_COMPARE_AXES: Axes = {
    "a": {0: "count_a"},
    "b": {0: "count_b"},
    "contact_a": {0: "count_a", 1: "count_a"},
    "contact_b": {0: "count_b", 1: "count_b"},
    "flow_ab": {0: "count_a", 1: "count_b"},
    "flow_ba": {0: "count_b", 1: "count_a"},
    "score_ab": {0: "count_a", 1: "count_b"},
    "score_ba": {0: "count_b", 1: "count_a"},
    "nowhere_a": {0: "count_a"},
    "nowhere_b": {0: "count_b"},
}


def export_matcher(matcher: Matcher, folder: Path) -> tuple[Path, Path]:
    """Write describe.onnx and compare.onnx, float32, for any number of regions; inputs and outputs are `Matcher`'s.

    folder is made when it is missing. Raises ModuleNotFoundError without the package onnx.
    """
    folder.mkdir(parents=True, exist_ok=True)
    first, second = 7, 5
    look = torch.rand(first, matcher.features + matcher.context)
    tokens = matcher.width + matcher.features
    describe, compare = folder / "describe.onnx", folder / "compare.onnx"
    _export(
        _Describe(matcher),
        [look, torch.rand(first, SHAPE_TRAITS), torch.rand(first, first)],
        _DESCRIBE_AXES,
        1,
        describe,
    )
    sizes = ((first, tokens), (second, tokens), (first, first), (second, second), (first, second), (second, first))
    _export(_Compare(matcher), [torch.rand(*size) for size in sizes], _COMPARE_AXES, 4, compare)
    return describe, compare


class _Describe(nn.Module):
    def __init__(self, matcher: Matcher) -> None:
        super().__init__()
        self.matcher = matcher

    def forward(self, look: Tensor, shape: Tensor, contact: Tensor) -> Tensor:
        return self.matcher.describe(look, shape, contact)


class _Compare(nn.Module):
    def __init__(self, matcher: Matcher) -> None:
        super().__init__()
        self.matcher = matcher

    def forward(
        self, a: Tensor, b: Tensor, contact_a: Tensor, contact_b: Tensor, flow_ab: Tensor, flow_ba: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return self.matcher.compare(a, b, contact_a, contact_b, flow_ab, flow_ba)


def _export(module: nn.Module, inputs: Sequence[Tensor], axes: Axes, outputs: int, path: Path) -> None:
    names = list(axes)
    with warnings.catch_warnings():
        # The tracing exporter is the one that needs no second package; torch calls it legacy, and warns of every loop.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            tuple(inputs),
            str(path),
            dynamo=False,
            opset_version=OPSET,
            input_names=names[:-outputs],
            output_names=names[-outputs:],
            dynamic_axes=dict(axes),
        )
