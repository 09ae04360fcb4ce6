"""Export networks for engines that compile them: to ONNX (extra `onnx`) and by torch.export.

`FORMS` lists the inputs and outputs of every exported network, and its free axes. Graphs take and return float32; casts
inside them set the precision, which a strongly typed engine follows.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import torch
from torch import Tensor, nn

from framecolor.lineart.region_crops import CROP_PLANES, CROP_PX, CROP_SCALES
from framecolor.networks.checkpoint import (
    base_weights_path,
    load_generator,
    load_matcher,
    load_painter,
    matcher_weights_path,
    painter_weights_path,
)
from framecolor.networks.generator import CONTEXT_STRIDE, HINT_PLANES, LINE_PLANES, Generator
from framecolor.networks.match_passes import ComparePass, DecidePass, DescribePass
from framecolor.networks.matcher import SHAPE_TRAITS, Matcher
from framecolor.networks.painter import Painter
from framecolor.networks.passes import ColorPass, FeaturePass

OPSET = 18
NetworkName = Literal["features", "color", "describe", "compare", "decide"]
Precision = Literal["float32", "half"]
# The size of an axis: fixed, or (least, usual, most).
Extent = int | tuple[int, int, int]
Axes = tuple[str, ...]


@dataclass(frozen=True)
class Form:
    """Inputs and outputs of a network in order, each with the names of its axes."""

    inputs: Mapping[str, Axes]
    outputs: Mapping[str, Axes]

    @property
    def free_axes(self) -> tuple[str, ...]:
        """The axes without a fixed size, in the order of the inputs."""
        return tuple(dict.fromkeys(a for axes in self.inputs.values() for a in axes if a in FREE_AXES))


# height/4 and width/4 follow from height and width.
FREE_AXES = ("batch", "height", "width", "regions", "count_a", "count_b", "keys", "colors")
_PICTURE = ("height", "width")
FORMS: dict[NetworkName, Form] = {
    "features": Form(
        {"planes": ("batch", "line planes", *_PICTURE)},
        {
            "features": ("batch", *_PICTURE, "feature channels"),
            "context": ("batch", "height/4", "width/4", "context channels"),
        },
    ),
    "color": Form(
        {"planes": ("batch", "line planes", *_PICTURE), "hint": ("batch", "hint planes", *_PICTURE)},
        {"color": ("batch", "rgb", *_PICTURE)},
    ),
    "describe": Form(
        {
            "features": ("regions", "region channels"),
            "shape": ("regions", "shape traits"),
            "contact": ("regions", "regions"),
            "crops": ("regions", "crop scales", "crop planes", "crop side", "crop side"),
        },
        {"tokens": ("regions", "token channels")},
    ),
    "compare": Form(
        {
            "a": ("count_a", "token channels"),
            "b": ("count_b", "token channels"),
            "contact_a": ("count_a", "count_a"),
            "contact_b": ("count_b", "count_b"),
            "flow_ab": ("count_a", "count_b"),
            "flow_ba": ("count_b", "count_a"),
        },
        {
            "score_ab": ("count_a", "count_b"),
            "score_ba": ("count_b", "count_a"),
            "unmatched_a": ("count_a",),
            "unmatched_b": ("count_b",),
        },
    ),
    "decide": Form(
        {
            "tokens": ("count_a", "token channels"),
            "contact": ("count_a", "count_a"),
            "known": ("count_a", "colors"),
            "memory": ("keys", "count_b", "token channels"),
            "memory_contact": ("keys", "count_b", "count_b"),
            "members": ("keys", "count_b", "colors"),
            "score": ("count_a", "keys", "count_b"),
            "unmatched": ("count_a",),
        },
        {"color": ("count_a", "colors"), "lost": ("count_a",)},
    ),
}
# Sizes to trace with; they do not matter, as graphs are exported with free axes.
_TRACED = {"batch": 1, "height": 64, "width": 64, "regions": 7, "count_a": 7, "count_b": 5, "keys": 2, "colors": 3}


@dataclass(frozen=True, eq=False)
class Exportable:
    """A network that is ready for export.

    module    takes the form's inputs in order
    fixed     sizes of the axes that are never free
    multiple  height and width are multiples of this
    """

    name: NetworkName
    module: nn.Module
    precision: Precision
    fixed: Mapping[str, int]
    multiple: int = 1

    @property
    def form(self) -> Form:
        return FORMS[self.name]

    def shapes(self, sizes: Mapping[str, int]) -> dict[str, tuple[int, ...]]:
        """Compute the shapes of all inputs from the sizes of the free axes. Raises KeyError if one is missing."""
        known = {**self.fixed, **sizes}
        return {name: tuple(known[axis] for axis in axes) for name, axes in self.form.inputs.items()}

    def example(self, sizes: Mapping[str, int], seed: int = 0) -> tuple[Tensor, ...]:
        """Make random inputs in [0, 1] of those sizes, with the hint's colors multiplied by its confidence."""
        rng = torch.Generator().manual_seed(seed)
        inputs = {name: torch.rand(shape, generator=rng) for name, shape in self.shapes(sizes).items()}
        if "hint" in inputs:
            inputs["hint"][:, :3] *= inputs["hint"][:, 3:]
        return tuple(inputs.values())


def make_exportable(
    name: NetworkName,
    precision: Precision = "half",
    *,
    generator: Generator | None = None,
    matcher: Matcher | None = None,
    painter: Painter | None = None,
) -> Exportable:
    """Make an exportable network by its name, with the shipped weights unless others are given.

    Raises ValueError for an unknown name or precision.
    """
    if name not in get_args(NetworkName) or precision not in get_args(Precision):
        raise ValueError(f"there is no network {name!r} in {precision!r}")
    dtype = torch.float16 if precision == "half" else torch.float32
    if name in ("describe", "compare", "decide"):
        matcher = matcher or load_matcher(matcher_weights_path())
        painter = painter or load_painter(painter_weights_path())
        fixed = {
            "region channels": matcher.features + matcher.context,
            "shape traits": SHAPE_TRAITS,
            "crop scales": CROP_SCALES,
            "crop planes": CROP_PLANES,
            "crop side": CROP_PX,
            "token channels": painter.tokens + SHAPE_TRAITS,
        }
        module = _make_region_pass(name, matcher, painter, dtype)
        return Exportable(name, module.eval(), precision, fixed)
    generator = generator or load_generator(base_weights_path())
    fixed = {
        "line planes": LINE_PLANES,
        "hint planes": HINT_PLANES,
        "rgb": 3,
        "feature channels": generator.feature_channels,
        "context channels": generator.context_channels,
    }
    module = FeaturePass(generator, dtype) if name == "features" else ColorPass(generator, dtype)
    return Exportable(name, module.eval(), precision, fixed, generator.size_multiple)


def _make_region_pass(name: NetworkName, matcher: Matcher, painter: Painter, dtype: torch.dtype) -> nn.Module:
    if name == "describe":
        return DescribePass(matcher, dtype)
    return ComparePass(matcher, dtype) if name == "compare" else DecidePass(painter, dtype)


def export_onnx(network: Exportable, sizes: Mapping[str, Extent] | None = None) -> bytes:
    """Export a network as an ONNX file of opset OPSET; axes with a number in `sizes` are fixed, all others free.

    Weights are initializers under their parameters' names, so that a compiled engine can be refitted. The same network
    gives the same bytes in every process. Raises ModuleNotFoundError without the package onnx.
    """
    import onnx

    form = network.form
    named = {**form.inputs, **form.outputs}
    free = {name: {i: a for i, a in enumerate(axes) if _is_free(a)} for name, axes in named.items()}
    file: Any = io.BytesIO()  # torch accepts it, but its stubs do not
    with warnings.catch_warnings():
        # Only the tracing exporter keeps parameters' names and needs no second package. torch calls it legacy, and
        # warns of every loop.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.module,
            network.example(_TRACED),
            file,
            dynamo=False,
            opset_version=OPSET,
            input_names=list(form.inputs),
            output_names=list(form.outputs),
            dynamic_axes=free,
            # Folding would replace weights by renamed products.
            do_constant_folding=False,
        )
    numbers = {axis: size for axis, size in (sizes or {}).items() if isinstance(size, int)}
    numbers |= {f"{axis}/4": size // CONTEXT_STRIDE for axis, size in numbers.items()} | dict(network.fixed)
    return _write_axes(onnx.load_from_string(file.getvalue()), named, numbers)


def _is_free(axis: str) -> bool:
    return axis.partition("/")[0] in FREE_AXES


def _write_axes(model: Any, named: Mapping[str, Axes], numbers: Mapping[str, int]) -> bytes:
    """Serialize the model with named or numbered axes, so that nothing depends on the sizes that it was traced with."""
    for value in [*model.graph.input, *model.graph.output]:
        for axis, dimension in zip(named[value.name], value.type.tensor_type.shape.dim, strict=True):
            if axis in numbers:
                dimension.dim_value = numbers[axis]
            else:
                dimension.dim_param = axis
    return cast(bytes, model.SerializeToString(deterministic=True))


def export_program(network: Exportable, sizes: Mapping[str, Extent]) -> torch.export.ExportedProgram:
    """The network through torch.export; axes with (least, usual, most) are free between the two.

    KeyError when a free axis has no size.
    """
    form, traced, free = network.form, dict[str, int](), dict[str, Any]()
    for axis, size in sizes.items():
        least, usual, most = (size, size, size) if isinstance(size, int) else size
        # An axis that is 1 while it is traced is 1 for ever.
        traced[axis] = min(max(usual, 2), most)
        if least != most:
            step = network.multiple if axis in _PICTURE else 1
            steps = torch.export.Dim(f"{axis}_steps", min=least // step, max=most // step)
            free[axis] = steps * step if step > 1 else steps
    axes = {name: {i: free[a] for i, a in enumerate(axes) if a in free} for name, axes in form.inputs.items()}
    return torch.export.export(network.module, network.example(traced), dynamic_shapes=axes, strict=False)


def weight_names(onnx_bytes: bytes, module: nn.Module) -> tuple[str, ...]:
    """List the parameters of the module that are in the exported graph by name, sorted; unused ones are not in it."""
    import onnx

    held = {initializer.name for initializer in onnx.load_from_string(onnx_bytes).graph.initializer}
    return tuple(sorted(held & dict(module.named_parameters()).keys()))
