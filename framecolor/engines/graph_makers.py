"""How OpenVINO's graphs of the networks that ship are made from PyTorch's modules."""

from __future__ import annotations

import torch
from torch import Tensor

from framecolor.engines.graph import Graph, trace_graph
from framecolor.networks.checkpoint import base_weights_path, load_generator, load_matcher, matcher_weights_path
from framecolor.networks.generator import HINT_PLANES, LINE_PLANES, Generator
from framecolor.networks.match_passes import PaddedComparePass, PaddedDescribePass
from framecolor.networks.matcher import SHAPE_TRAITS
from framecolor.networks.passes import ColorPass, FeaturePass

_SIDE_PX = 32
_PICTURE, _ROWS, _PAIRS = (2, 3), (0,), (0, 1)


def make_features(generator: Generator | None = None) -> Graph:
    """`FeaturePass` of one picture of any size; by default of the base weights."""
    generator = generator or load_generator(base_weights_path())
    model = trace_graph(FeaturePass(generator, split=True), (_planes(LINE_PLANES),), (_PICTURE,))
    return Graph(model, {"multiple": generator.size_multiple})


def make_color(generator: Generator | None = None) -> Graph:
    """`ColorPass` of one picture of any size; by default of the base weights."""
    generator = generator or load_generator(base_weights_path())
    model = trace_graph(
        ColorPass(generator, split=True), (_planes(LINE_PLANES), _planes(HINT_PLANES)), (_PICTURE, _PICTURE)
    )
    return Graph(model, {"multiple": generator.size_multiple})


def make_describe() -> Graph:
    """`PaddedDescribePass`."""
    matcher = load_matcher(matcher_weights_path())
    count = 7
    example = (
        torch.rand(count, matcher.features + matcher.context),
        torch.rand(count, SHAPE_TRAITS),
        torch.zeros(count, count),
        torch.ones(count),
    )
    model = trace_graph(PaddedDescribePass(matcher), example, (_ROWS, _ROWS, _PAIRS, _ROWS))
    return Graph(model, {"width": matcher.width + matcher.features})


def make_compare() -> Graph:
    """`PaddedComparePass`."""
    matcher = load_matcher(matcher_weights_path())
    a, b, width = 7, 5, matcher.width + matcher.features
    example = (
        torch.rand(a, width),
        torch.rand(b, width),
        torch.zeros(a, a),
        torch.zeros(b, b),
        torch.zeros(a, b),
        torch.zeros(b, a),
        torch.ones(a),
        torch.ones(b),
    )
    free = (_ROWS, _ROWS, _PAIRS, _PAIRS, _PAIRS, _PAIRS, _ROWS, _ROWS)
    return Graph(trace_graph(PaddedComparePass(matcher), example, free), {"width": width})


def _planes(channels: int) -> Tensor:
    return torch.zeros(1, channels, _SIDE_PX, _SIDE_PX)
