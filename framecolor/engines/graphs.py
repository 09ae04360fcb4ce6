"""The networks that ship as OpenVINO's graphs, kept on disk: PyTorch is needed to make them, and not to run them.

A graph is made on the first run of a version and kept in the user's cache (`framecolor.core.caches`), so that every
later run is ready to paint in a fraction of a second. What OpenVINO's own cache of compiled models would save on top
is less than a tenth of a second.
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
from framecolor.networks.shipped import base_weights_path, matcher_weights_path

GraphName = Literal["features", "color", "describe", "compare"]

SUFFIX = ".graph"
_FORMAT = "framecolor graph 2"
_NETWORKS = Path(__file__).parent.parent / "networks"
# What a graph is made from beside the weights: a changed network is another graph.
_SOURCES = ("generator.py", "passes.py", "matcher.py", "match_passes.py")
_LOG = logging.getLogger("framecolor")


def open_graph(name: GraphName) -> Graph:
    """A network that ships, from the cache, or made now and kept there; a damaged one is made again."""
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
    """Where graphs are kept; it may be missing."""
    return cache_folder() / "graphs"


def _make(name: GraphName) -> Graph:
    from framecolor.engines import graph_makers

    makers: dict[GraphName, Callable[[], Graph]] = {
        "features": graph_makers.make_features,
        "color": graph_makers.make_color,
        "describe": graph_makers.make_describe,
        "compare": graph_makers.make_compare,
    }
    return makers[name]()


@cache
def _hash_sources(name: GraphName) -> str:
    from framecolor.engines.quiet_openvino import ov

    weights = matcher_weights_path() if name in ("describe", "compare") else base_weights_path()
    files = [weights, *(_NETWORKS / source for source in _SOURCES), Path(__file__).with_name("graph_makers.py")]
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
    """A kept graph; None when there is none or it is damaged."""
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
