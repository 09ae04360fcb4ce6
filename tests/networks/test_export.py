"""Exported ONNX files compute the same as the networks, in float32 and half, at any size."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from framecolor.engines.quiet_openvino import open_core
from framecolor.networks.checkpoint import load_painter, painter_weights_path
from framecolor.networks.export import (
    FORMS,
    OPSET,
    Exportable,
    NetworkName,
    Precision,
    export_onnx,
    export_program,
    make_exportable,
    weight_names,
)
from framecolor.networks.painter import Painter

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")

# After padding: landscape, portrait, a batch; and counts of regions from few to many.
SIZES: dict[NetworkName, list[dict[str, int]]] = {
    "features": [{"batch": 1, "height": 64, "width": 96}, {"batch": 2, "height": 144, "width": 48}],
    "color": [{"batch": 1, "height": 64, "width": 96}, {"batch": 2, "height": 144, "width": 48}],
    "describe": [{"regions": 3}, {"regions": 41}],
    "compare": [{"count_a": 3, "count_b": 2}, {"count_a": 40, "count_b": 63}],
    "decide": [
        {"count_a": 3, "count_b": 2, "keys": 1, "colors": 2},
        {"count_a": 40, "count_b": 63, "keys": 3, "colors": 20},
    ],
}
# Least PSNR in dB against float32, over the greatest value there is, and greatest error in shares of that value.
# Measured on these sizes: float32 130.8 dB and more; half 72.2 dB and more, worst 1.8e-3.
BOUNDS: dict[Precision, tuple[float, float]] = {"float32": (110.0, 2e-5), "half": (66.0, 4e-3)}
CASES = [(name, precision) for name in FORMS for precision in BOUNDS]


@lru_cache
def exportable(name: NetworkName, precision: Precision = "half") -> Exportable:
    """A network with the shipped weights, but a painter that refines, whatever the one that ships has learned."""
    return make_exportable(name, precision, painter=trained_painter())


@lru_cache
def trained_painter() -> Painter:
    torch.manual_seed(0)
    painter = load_painter(painter_weights_path())
    with torch.no_grad():
        for network in (*painter.weigh, *painter.lose):
            network[-1].weight.normal_(0, 0.3)
    return painter


onnx_of = lru_cache(export_onnx)


@pytest.fixture(autouse=True)
def _without_gradients() -> Iterator[None]:
    with torch.inference_mode():
        yield


def inputs_of(network: Exportable, sizes: Mapping[str, int]) -> tuple[Tensor, ...]:
    """Make realistic inputs: tokens of `describe`, contacts that sum to 1, one color for each painted region."""
    inputs = network.example(sizes)
    if network.name == "describe":
        features, shape, contact, crops = inputs
        return 2 * features - 1, 2 * shape - 1, contact / len(contact), crops
    if network.name == "compare":
        tokens = [tokens_of(sizes[count]) for count in ("count_a", "count_b")]
        return *tokens, inputs[2] / sizes["count_a"], inputs[3] / sizes["count_b"], *inputs[4:]
    if network.name == "decide":
        _, contact, known, _, contacts, members, score, unmatched = inputs
        memory = tokens_of(sizes["keys"] * sizes["count_b"]).unflatten(0, (sizes["keys"], -1))
        return (
            *(tokens_of(sizes["count_a"]), contact / sizes["count_a"], torch.zeros_like(known)),
            *(memory, contacts / sizes["count_b"], functional.one_hot(members.argmax(-1), sizes["colors"]).float()),
            *(20 * score - 10, 10 * unmatched - 5),
        )
    return inputs


@lru_cache
def tokens_of(count: int) -> Tensor:
    describe = exportable("describe", "float32")
    return describe.module(*inputs_of(describe, {"regions": count})).clone()


def outputs_of(result: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return result if isinstance(result, tuple) else (result,)


def run_onnx(model: bytes, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """Run the file on the CPU in float32, whatever the type of its stored weights."""
    compiled = open_core().compile_model(open_core().read_model(model), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return tuple(torch.from_numpy(v.copy()) for v in compiled([t.numpy() for t in inputs]).values())


def assert_near(found: tuple[Tensor, ...], wanted: tuple[Tensor, ...], precision: Precision) -> None:
    psnr_db, worst = BOUNDS[precision]
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert (one.shape, one.dtype) == (other.shape, torch.float32)
        peak, error = other.abs().max().item(), one - other
        assert 20 * math.log10(peak) - 10 * math.log10(error.square().mean().item() + 1e-30) > psnr_db
        assert error.abs().max().item() < worst * peak


@pytest.mark.parametrize(("name", "precision"), CASES)
def test_the_onnx_file_gives_the_same(name: NetworkName, precision: Precision) -> None:
    reference, network = exportable(name, "float32"), exportable(name, precision)
    model = onnx_of(network)
    for sizes in SIZES[name]:
        inputs = inputs_of(reference, sizes)
        assert_near(run_onnx(model, inputs), outputs_of(reference.module(*inputs)), precision)


@pytest.mark.parametrize("name", FORMS)
def test_half_gives_nearly_the_same(name: NetworkName) -> None:
    """Values between the casts are rounded to half, as on a GPU."""
    reference, network = exportable(name, "float32"), exportable(name, "half")
    for sizes in SIZES[name]:
        inputs = inputs_of(reference, sizes)
        assert_near(outputs_of(network.module(*inputs)), outputs_of(reference.module(*inputs)), "half")


def test_a_frame_gives_the_same_from_a_file_of_fixed_size() -> None:
    reference, sizes = exportable("features", "float32"), {"batch": 1, "height": 272, "width": 480}
    inputs = reference.example(sizes)
    model = export_onnx(exportable("features", "half"), sizes)
    assert_near(run_onnx(model, inputs), outputs_of(reference.module(*inputs)), "half")


@pytest.mark.parametrize(("name", "precision"), CASES)
def test_inputs_and_outputs_of_a_file_are_those_of_its_form(name: NetworkName, precision: Precision) -> None:
    model = onnx.load_from_string(onnx_of(exportable(name, precision)))
    onnx.checker.check_model(model, full_check=True)
    form = FORMS[name]
    for values, table in ((model.graph.input, form.inputs), (model.graph.output, form.outputs)):
        assert [v.name for v in values] == list(table)
        for value, axes in zip(values, table.values(), strict=True):
            assert value.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
            shape = value.type.tensor_type.shape.dim
            free = [d.dim_param for d in shape if d.dim_param]
            assert free == [a for a in axes if a.partition("/")[0] in form.free_axes]
            assert all(d.dim_value > 0 for d in shape if not d.dim_param)
    assert [(o.domain, o.version) for o in model.opset_import] == [("", OPSET)]


@pytest.mark.parametrize(("name", "precision"), CASES)
def test_weights_keep_their_names_and_values(name: NetworkName, precision: Precision) -> None:
    """An engine is refitted by these names, so all parameters must be in the file."""
    network = exportable(name, precision)
    model = onnx_of(network)
    graph = onnx.load_from_string(model).graph
    parameters = dict(network.module.named_parameters())
    names = weight_names(model, network.module)
    assert sorted(initializer.name for initializer in graph.initializer) == list(names)
    for initializer in graph.initializer:
        held = torch.from_numpy(onnx.numpy_helper.to_array(initializer).copy())
        torch.testing.assert_close(held, parameters[initializer.name].data, rtol=0, atol=0)
    assert {type_name(graph, name) for name in names} <= ({"FLOAT", "FLOAT16"} if precision == "half" else {"FLOAT"})


def type_name(graph: Any, name: str) -> str:
    return onnx.TensorProto.DataType.Name(next(i.data_type for i in graph.initializer if i.name == name))


def test_fixed_sizes_are_written_into_the_file() -> None:
    model = export_onnx(exportable("features"), {"batch": 1, "height": 64, "width": (64, 96, 128)})
    graph = onnx.load_from_string(model).graph
    dims = {v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in graph.output}
    assert dims["features"][:3] == [1, 64, "width"]
    assert dims["context"][:3] == [1, 16, "width/4"]


def test_a_file_is_the_same_every_time() -> None:
    assert export_onnx(make_exportable("describe", painter=trained_painter())) == onnx_of(
        exportable("describe", "half")
    )


@pytest.mark.parametrize("name", FORMS)
def test_torch_export_gives_the_same(name: NetworkName) -> None:
    """Also where a batch or a count of regions is 1, which is no size to trace with."""
    network = exportable(name, "float32")
    ranges = {"batch": (1, 1, 4), "height": (48, 96, 160), "width": (48, 64, 160)}
    program = export_program(network, {axis: ranges.get(axis, (1, 9, 90)) for axis in network.form.free_axes})
    assert program.graph_signature.user_inputs == tuple(network.form.inputs)
    one = {axis: ranges.get(axis, (1,))[0] for axis in network.form.free_axes}
    for sizes in [one, *SIZES[name]]:
        inputs = inputs_of(network, sizes)
        assert_near(outputs_of(program.module()(*inputs)), outputs_of(network.module(*inputs)), "float32")


def test_a_network_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no network 'votes'"):
        make_exportable("votes")  # pyright: ignore[reportArgumentType]
