"""Cache the networks that ship as graphs of OpenVINO: making one needs PyTorch, running it does not.

The first run of a version makes a graph and keeps it in the user's cache (`framecolor.core.caches`), so that later runs
start in a fraction of a second. OpenVINO's own cache of compiled models would save less than a tenth of a second more.
"""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from framecolor.core.caches import cache_folder
from framecolor.core.files import read_file, write_bytes_atomic
from framecolor.core.hashing import digest
from framecolor.core.parsing import MISSHAPEN, parse_json
from framecolor.engines.graph import Graph
from framecolor.errors import OutputError
from framecolor.networks.shipped import base_weights_path, matcher_weights_path, painter_weights_path

GraphName = Literal["features", "color", "describe", "compare", "decide"]

SUFFIX = ".graph"
_FORMAT = "framecolor graph 2"
_NETWORKS = Path(__file__).parent.parent / "networks"
# The code that a graph is made from: a changed network is another graph.
_SOURCES = ("generator.py", "passes.py", "matcher.py", "painter.py", "painter_pairs.py", "match_passes.py")
_LOG = logging.getLogger("framecolor")


def open_graph(name: GraphName) -> Graph:
    """Open a network that ships from the cache; make it and keep it there if it is missing or damaged."""
    path = graph_folder() / f"{name}-{_hash_sources(name)}{SUFFIX}"
    if (kept := _read(path)) is not None:
        return kept
    graph = _make(name)
    try:
        write_bytes_atomic(path, _pack(graph))
    except OutputError as error:
        _LOG.info("the graph %s is made again next time: %s", name, error)
    return graph


def graph_folder() -> Path:
    """Return the folder of kept graphs, which may be missing."""
    return cache_folder() / "graphs"


def _make(name: GraphName) -> Graph:
    from framecolor.engines import graph_makers

    makers: dict[GraphName, Callable[[], Graph]] = {
        "features": graph_makers.make_features,
        "color": graph_makers.make_color,
        "describe": graph_makers.make_describe,
        "compare": graph_makers.make_compare,
        "decide": graph_makers.make_decide,
    }
    return makers[name]()


@cache
def _hash_sources(name: GraphName) -> str:
    from framecolor.engines.quiet_openvino import ov

    weights = {
        "features": [base_weights_path()],
        "color": [base_weights_path()],
        "describe": [matcher_weights_path(), painter_weights_path()],
        "compare": [matcher_weights_path(), painter_weights_path()],
        "decide": [painter_weights_path()],
    }
    files = [*weights[name], *(_NETWORKS / source for source in _SOURCES), Path(__file__).with_name("graph_makers.py")]
    return digest(_FORMAT, name, ov.__version__, *map(read_file, files))[:24]


def _pack(graph: Graph) -> bytes:
    from framecolor.engines.quiet_openvino import ov

    with tempfile.TemporaryDirectory(prefix="framecolor-") as work:
        path = Path(work) / "graph.xml"
        ov.save_model(graph.model, path, compress_to_fp16=False)
        xml, weights = path.read_bytes(), path.with_suffix(".bin").read_bytes()
    head = {"format": _FORMAT, "facts": graph.facts, "xml": len(xml), "digest": _digest(graph.facts, xml, weights)}
    return json.dumps(head).encode() + b"\n" + xml + weights


def _digest(facts: dict[str, int], xml: bytes, weights: bytes) -> str:
    return digest(json.dumps(facts, sort_keys=True), xml, weights)


def _read(path: Path) -> Graph | None:
    """Read a kept graph; None if it is missing or damaged."""
    from framecolor.engines.quiet_openvino import open_core, ov

    try:
        head, _, rest = read_file(path).partition(b"\n")
        table: dict[str, Any] = parse_json(head)
        xml, weights = rest[: table["xml"]], rest[table["xml"] :]
        facts = {str(key): int(value) for key, value in table["facts"].items()}
        if table["format"] != _FORMAT or table["digest"] != _digest(facts, xml, weights):
            return None
        return Graph(open_core().read_model(xml, ov.Tensor(np.frombuffer(weights, np.uint8))), facts)
    except (OSError, *MISSHAPEN, RuntimeError):
        return None
