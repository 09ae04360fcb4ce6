"""What earlier runs left to be used again: engine files, graphs of the networks, and the fits of the shot."""

from __future__ import annotations

from collections.abc import Iterator

from framecolor.doctor.finding import Finding, Target
from framecolor.errors import EngineError
from framecolor.output.manifest import CACHE_FOLDER

# Longer than this is not waited for: what was not looked at is said.
_MOST_BYTES = 1 << 31


def check_engine_files(target: Target) -> Iterator[Finding]:
    """Each engine file against the hash of what was written, and against this machine."""
    from framecolor.engines.tensorrt.backends import find_backends
    from framecolor.engines.tensorrt.cache import EngineCache
    from framecolor.engines.tensorrt.prune import find_unfit

    cache = EngineCache()
    files = list(cache.files())
    records = {path.stem for path in cache.folder.glob("*.json")}
    for stem in sorted(records - {file.path.stem for file in files}):
        what = f"{cache.folder / stem}.json is damaged; its engine file is compiled again when it is needed"
        yield Finding("engine files", "warn", what, "framecolor engine prune", {"plan": stem})
    backends = {backend.name: backend for backend in find_backends()}
    good = unfit = looked_bytes = 0
    for file in files:
        looked_bytes += file.size_bytes
        if find_unfit(file.key, backends):
            unfit += 1
            continue
        try:
            if looked_bytes <= _MOST_BYTES:
                file.read()
            good += 1
        except EngineError as error:
            yield Finding(
                "engine files", "warn", f"{error.subject}: {error.problem}", error.fix, {"plan": file.path.stem}
            )
    data = {"folder": str(cache.folder), "good": good, "unfit": unfit}
    if unfit:
        what = f"{unfit} of {len(files)} in {cache.folder} are of another GPU, driver or version"
        yield Finding("engine files", "note", what, "framecolor engine prune", data)
    if good or not records:
        yield Finding(
            "engine files", "ok", f"{good or 'none'} in {cache.folder}" + (", whole" if good else ""), data=data
        )


def check_graphs(target: Target) -> Iterator[Finding]:
    """The networks as graphs, which the first run makes and later ones read."""
    from framecolor.engines.graphs import SUFFIX, graph_folder, is_whole_graph

    folder = graph_folder()
    graphs = sorted(folder.glob(f"*{SUFFIX}"))
    damaged = [path for path in graphs if not is_whole_graph(path)]
    for path in damaged:
        what = f"{path} is damaged; it is made again when it is needed"
        yield Finding("graphs", "warn", what, "remove it", {"file": str(path)})
    good = len(graphs) - len(damaged)
    if good or not graphs:
        data = {"folder": str(folder), "whole": good}
        yield Finding("graphs", "ok", f"{good or 'none'} in {folder}" + (", whole" if good else ""), data=data)


def check_fits(target: Target) -> Iterator[Finding]:
    """The fits that are kept beside the frames."""
    from framecolor.keys.finetune_cache import is_whole_fit

    for folder in (out / CACHE_FOLDER for out in target.outs):
        fits = sorted(folder.glob("fit-*.safetensors"))
        damaged = [path for path in fits if not is_whole_fit(path)]
        for path in damaged:
            what = f"{path} is damaged; the next run fits anew"
            yield Finding("fits", "warn", what, "remove it", {"file": str(path)})
        if len(fits) > len(damaged):
            data = {"folder": str(folder), "whole": len(fits) - len(damaged)}
            yield Finding("fits", "ok", f"{data['whole']} kept in {folder}, whole", data=data)
