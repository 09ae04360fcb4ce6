"""How OpenVINO's graphs of the networks that ship are made from PyTorch's modules."""

from __future__ import annotations

import torch
from torch import Tensor

from framecolor.engines.graph import Graph, trace_graph
from framecolor.lineart.region_crops import CROP_PLANES, CROP_PX, CROP_SCALES
from framecolor.networks.checkpoint import (
    base_weights_path,
    load_generator,
    load_matcher,
    load_painter,
    matcher_weights_path,
    painter_weights_path,
)
from framecolor.networks.generator import HINT_PLANES, LINE_PLANES, Generator
from framecolor.networks.match_passes import ComparePass, DecidePass, DescribePass
from framecolor.networks.matcher import SHAPE_TRAITS, Matcher
from framecolor.networks.painter import Painter
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
    """`DescribePass` with padding."""
    matcher, count = load_matcher(matcher_weights_path()), 7
    example = (
        torch.rand(count, matcher.features + matcher.context),
        torch.rand(count, SHAPE_TRAITS),
        torch.zeros(count, count),
        torch.zeros(count, CROP_SCALES, CROP_PLANES, CROP_PX, CROP_PX),
        torch.ones(count),
    )
    model = trace_graph(DescribePass(matcher), example, (_ROWS, _ROWS, _PAIRS, _ROWS, _ROWS))
    return Graph(model, {"width": _count_values(matcher)})


def make_compare() -> Graph:
    """`ComparePass` with padding."""
    matcher = load_matcher(matcher_weights_path())
    a, b, width = 7, 5, _count_values(matcher)
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
    return Graph(trace_graph(ComparePass(matcher), example, free), {"width": width})


def make_decide() -> Graph:
    """`DecidePass`."""
    painter = load_painter(painter_weights_path())
    a, k, r, p, width = 7, 2, 5, 3, _count_values(painter)
    example = (
        torch.rand(a, width),
        torch.zeros(a, a),
        torch.zeros(a, p),
        torch.rand(k, r, width),
        torch.zeros(k, r, r),
        torch.zeros(k, r, p),
        torch.rand(a, k, r),
        torch.rand(a),
    )
    free = (_ROWS, _PAIRS, _PAIRS, _PAIRS, (0, 1, 2), (0, 1, 2), (0, 1, 2), _ROWS)
    return Graph(trace_graph(DecidePass(painter), example, free), {"width": width})


def _count_values(network: Matcher | Painter) -> int:
    """Count the values of a token by `DescribePass`."""
    return network.tokens + SHAPE_TRAITS


def _planes(channels: int) -> Tensor:
    return torch.zeros(1, channels, _SIDE_PX, _SIDE_PX)
