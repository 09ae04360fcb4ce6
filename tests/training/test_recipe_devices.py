"""Every training recipe keeps its tensors on the device that it learns on, checked without a GPU.

Tensors of the device `THERE` are doubles: they compute on the processor, and say that they are elsewhere. As on a GPU,
an operation of one of them with a tensor of the processor is an error, and so is reading it with NumPy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from click.testing import CliRunner
from conftest import one_thread
from drawings import draw
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map

from framecolor.cli.train import train
from framecolor.media import write_image
from framecolor.training import baselines, loop, recipes, system_recipe
from framecolor.training.losses import prototype_loss

THERE = torch.device("meta")
"""Of the devices that every build of PyTorch has, the one beside the processor; its own tensors hold no numbers."""

_COPIES = {torch.ops.aten.copy_.default, torch.ops.aten._to_copy.default}
_JOINS = {torch.ops.aten.cat.default, torch.ops.aten.stack.default}
# Constants of recipes of which one does, so that a run takes seconds.
_MANY = ("_VAL_EPISODES", "_VAL_BATCHES", "_SAMPLE_EPISODES", "_SAMPLES", "_STEPS", "_MOST_TRIES", "POOL")
# Options of recipes, where they have them.
_SMALL = {"size": 64, "batch": 4, "width": 4, "blocks": 1, "workers": 0}
# Checkpoints are the loop's: a network with one optimizer, and one with several and pictures of its own.
_RESUMED = ("perception", "cyclegan")

# The device double


class Elsewhere(Tensor):
    """A tensor on `THERE`; its numbers are in `here`, a tensor of the processor."""

    here: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, here: Tensor) -> Elsewhere:
        made = Tensor._make_wrapper_subclass(
            cls, here.shape, strides=here.stride(), storage_offset=here.storage_offset(), dtype=here.dtype, device=THERE
        )
        made.here = here
        return made

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return compute(func, args, kwargs or {})


class TwoDevices(TorchDispatchMode):
    """While it is open, `THERE` is a device that computes."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return compute(func, args, kwargs or {})


class NumbersOfPython(TorchFunctionMode):
    """PyTorch makes tensors of Python's numbers, and such numbers of tensors, without a word to `TwoDevices`."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        if func is Tensor.tolist and isinstance(args[0], Elsewhere):
            return args[0].cpu().tolist()
        if func in (Tensor.__getitem__, Tensor.__setitem__):
            args = (args[0], _lists_to_tensors(args[1]), *args[2:])
        if func is Tensor.new_tensor:
            like, *args = args
            func, kwargs = torch.tensor, {"dtype": like.dtype, "device": like.device, **kwargs}
        if func is torch.tensor:
            return func(*args, **{**kwargs, "device": None}).to(kwargs.get("device"))
        return func(*args, **kwargs)


def compute(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """What an operation makes of its arguments, on the device on which it would be made, or the error of a GPU."""
    there = any(isinstance(leaf, Elsewhere) for leaf in _list_leaves((*args, *kwargs.values())))
    if there and func not in _COPIES:
        check_devices(func, args, kwargs)
    if kwargs.get("device") is not None:
        there = kwargs["device"].type == THERE.type
        kwargs = {**kwargs, "device": torch.device("cpu")}
        if there and kwargs.get("generator") is not None:
            raise RuntimeError(f"{func}: a generator of the processor")
    elif func is torch.ops.aten.copy_.default:
        there = isinstance(args[0], Elsewhere)
    result = func(*map(_take_here, args), **{name: _take_here(value) for name, value in kwargs.items()})
    if _returns_an_argument(func):
        return kwargs.get("out", args[0])
    return tree_map(lambda leaf: Elsewhere(leaf) if isinstance(leaf, Tensor) else leaf, result) if there else result


def check_devices(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> None:
    """Raise RuntimeError for tensors of the processor that a GPU does not take beside its own.

    It takes places to read at, and single numbers where they are not written to or joined with others.
    """
    stray: list[Tensor] = []
    described = _describe_arguments(func)
    for name, value in [*zip(described, args, strict=False), *kwargs.items()]:
        for leaf in _list_leaves([value]):
            if isinstance(leaf, Tensor) and not isinstance(leaf, Elsewhere) and name != "indices":
                stray += [leaf] if leaf.dim() > 0 or described[name] or func in _JOINS else []
    if stray:
        shapes = ", ".join(str(list(tensor.shape)) for tensor in stray)
        raise RuntimeError(f"{func}: tensors of the processor, {shapes}, among those of {THERE}")


@cache
def _describe_arguments(func: Any) -> dict[str, bool]:
    """The arguments of an operation by name, and whether it writes to them."""
    return {a.name: a.alias_info is not None and a.alias_info.is_write for a in func._schema.arguments}


@cache
def _returns_an_argument(func: Any) -> bool:
    returns = func._schema.returns
    return bool(returns) and returns[0].alias_info is not None and returns[0].alias_info.is_write


def _list_leaves(values: Iterable[Any]) -> Iterator[Any]:
    """The values, and those in the lists among them: arguments of an operation are nested no deeper."""
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from value
        else:
            yield value


def _lists_to_tensors(index: Any) -> Any:
    if isinstance(index, tuple):
        return tuple(_lists_to_tensors(part) for part in index)
    return torch.tensor(index) if isinstance(index, list) else index


def _take_here(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_take_here(leaf) for leaf in value]
    return value.here if isinstance(value, Elsewhere) else value


@pytest.mark.parametrize(
    "mistake",
    [
        lambda x: x + torch.zeros(3),
        lambda x: F.mse_loss(x, torch.zeros(3)),
        lambda x: torch.stack([x.sum(), torch.zeros(())]),
        lambda x: torch.zeros(()).add_(x.sum()),
        lambda x: torch.zeros(3).index_add_(0, torch.arange(3, device=x.device), x),
        lambda x: torch.zeros(3)[x.argsort()],
        lambda x: torch.rand(3, generator=torch.Generator(), device=x.device),
        lambda x: x.detach().numpy(),
    ],
)
def test_the_double_refuses_what_a_gpu_refuses(mistake: Callable[[Tensor], Any]) -> None:
    with TwoDevices(), NumbersOfPython(), pytest.raises((RuntimeError, TypeError), match=r"processor|numpy\(\) is not"):
        mistake(torch.arange(3.0).to(THERE).requires_grad_())


def test_the_double_computes_what_the_processor_does() -> None:
    def work(x: Tensor) -> list[Tensor]:
        total = (x * torch.tensor(2.0) + x.new_tensor([1, 2, 3]))[[0, 2]].square().sum()
        total.backward()
        assert x.grad is not None and x.grad.device == x.device
        return [total.detach().cpu(), x.grad.cpu(), torch.zeros(3, device=x.device).add_(x.detach()).cpu()]

    with TwoDevices(), NumbersOfPython():
        there = work(torch.arange(3.0).to(THERE).requires_grad_())
    for found, wanted in zip(there, work(torch.arange(3.0).requires_grad_()), strict=True):
        assert type(found) is Tensor and torch.equal(found, wanted)


# Recipes


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    with one_thread():
        yield


@pytest.fixture(scope="module")
def sources(figures: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What recipes learn from, by the name of the option."""
    folder = tmp_path_factory.mktemp("sources")
    content, reference = folder / "line.png", folder / "painted.png"
    write_image(content, draw(0)[0])
    write_image(reference, draw(5)[1])
    return {"data": figures, "content": content, "reference": reference}


# PyTorch does not know that tensors of this `THERE` take numbers.
@pytest.mark.filterwarnings("ignore:.*from a non-meta parameter:UserWarning")
@pytest.mark.parametrize("command", [*sorted(train.commands), "histogram --network cnn"])
def test_a_recipe_learns_on_another_device(
    command: str, sources: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command, as users give it: a step, numbers, samples and weights, and for some another one from there."""
    names = [m.name for home in (recipes, baselines) for m in walk_packages(home.__path__, home.__name__ + ".")]
    for module in (system_recipe, *map(import_module, names)):
        for constant in _MANY:
            monkeypatch.setattr(module, constant, 1, raising=False)
    states: list[loop.State] = []
    run = loop.train
    monkeypatch.setattr(loop, "train", lambda *args, **options: states.append(run(*args, **options)))
    name, *chosen = command.split()
    given = {**sources, "output": tmp_path / "run", "device": THERE, **_SMALL}
    has = {parameter.name for parameter in train.commands[name].params}
    options = [text for option, value in given.items() if option in has for text in (f"--{option}", str(value))]
    steps = 2 if command in _RESUMED else 1
    for more in (["--steps", "1"], ["--steps", "2", "--resume"])[:steps]:
        with TwoDevices(), NumbersOfPython():
            result = CliRunner().invoke(train, [name, *chosen, *options, *more])
        if result.exception is not None:
            raise result.exception
        assert all(type(parameter) is Elsewhere for parameter in states[-1].network.parameters())
    assert len(states) == states[-1].step == steps
    assert (tmp_path / f"run/samples/{steps:06d}.png").exists()


def test_a_loss_of_nothing_is_where_the_features_are() -> None:
    with TwoDevices(), NumbersOfPython():
        features = torch.zeros(3).to(THERE)
        assert torch.stack([*prototype_loss([None], [1.0], features.device), features.sum()]).tolist() == [0, 0, 0]
