"""framecolor engine: compile networks to engine files ahead of time, and manage these files."""

from __future__ import annotations

import json
import math
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from framecolor.cli.heartbeat import HEARTBEAT_SECONDS, Heartbeat
from framecolor.cli.options import PATH, json_option

if TYPE_CHECKING:
    from framecolor.engines.tensorrt.profiles import Profile
    from framecolor.engines.tensorrt.verify import Parity

_BACKENDS = ("auto", "tensorrt", "torch-tensorrt", "rtx")
_folder = click.option(
    "--engine-dir",
    type=PATH,
    help="Folder of engine files; $FRAMECOLOR_ENGINE_DIR or the user's cache if not given.",
)


@click.group()
def engine() -> None:
    """Compile the networks for an NVIDIA GPU ahead of time, and manage the engine files."""


@engine.command()
@click.argument("profiles", nargs=-1, metavar="[PROFILE]...")
@click.option("--backend", type=click.Choice(_BACKENDS), default="auto", show_default=True, help="Compiler.")
@_folder
@click.option("--force", is_flag=True, help="Compile again what is compiled already.")
@json_option
def build(profiles: tuple[str, ...], backend: Any, engine_dir: Path | None, force: bool, as_json: bool) -> None:
    """Compile engine files: of the named profiles or .toml files, or of all profiles that the pipeline uses.

    \b
    Example:
      framecolor engine build features --backend rtx
    """
    from framecolor.engines.tensorrt.backends import choose_backend
    from framecolor.engines.tensorrt.build import ensure_engine
    from framecolor.engines.tensorrt.cache import EngineCache

    chosen, cache = _choose(profiles), EngineCache(engine_dir)
    compiler = choose_backend(backend)
    rows = []
    for profile in chosen:
        begin = time.perf_counter()
        with _Bar(profile.name, quiet=as_json) as bar:
            stored, data, built = ensure_engine(profile, compiler, cache, force=force, progress=bar)
        took_seconds = time.perf_counter() - begin
        rows.append(
            {
                "profile": profile.name,
                "backend": f"{compiler.name} {compiler.version}",
                "built": built,
                "seconds": round(took_seconds, 3),
                "size_bytes": len(data),
                "refittable": bool(stored.weights),
                "target": stored.key.target,
                "plan": str(stored.path),
            }
        )
        if not as_json:
            how = f"compiled in {took_seconds:.1f} s" if built else "kept"
            click.echo(f"{profile.name:16} {len(data) / 2**20:6.1f} MiB  {how}  {stored.path}")
            if built and profile.refit and not stored.weights:
                click.echo(
                    f"{'':16} {compiler.name} cannot refit it here: the weights of each fitted shot need an engine file"
                )
    if as_json:
        click.echo(json.dumps(rows, indent=1))


@engine.command("list")
@_folder
@json_option
def list_engine_files(engine_dir: Path | None, as_json: bool) -> None:
    """List the profiles and the compiled engine files.

    \b
    Example:
      framecolor engine list
    """
    from framecolor.engines.tensorrt.backends import find_backends
    from framecolor.engines.tensorrt.cache import EngineCache
    from framecolor.engines.tensorrt.profiles import list_profiles
    from framecolor.engines.tensorrt.prune import find_unfit

    cache, backends = EngineCache(engine_dir), {backend.name: backend for backend in find_backends()}
    files = [
        {
            "profile": file.profile,
            "backend": f"{file.key.backend} {file.key.version}",
            "precision": file.key.precision,
            "shapes": file.key.shapes,
            "target": file.key.target,
            "size_bytes": file.size_bytes,
            "age_days": round((time.time() - file.built_unix) / 86400, 2),
            "unfit": find_unfit(file.key, backends),
            "plan": str(file.path),
        }
        for file in cache.files()
    ]
    profiles = list_profiles()
    if as_json:
        table = {
            "folder": str(cache.folder),
            "backends": [{"name": b.name, "version": b.version, "gpu": str(b.gpu or "")} for b in backends.values()],
            "profiles": [{"name": p.name, "network": p.network} for p in profiles],
            "plans": files,
        }
        click.echo(json.dumps(table, indent=1))
        return
    installed = ", ".join(f"{b.name} {b.version}" for b in backends.values())
    click.echo(f"backends  {installed or 'none installed'}")
    click.echo(f"folder    {cache.folder}")
    for profile in profiles:
        sizes = ", ".join(f"{axis} {_format_extent(extent)}" for axis, extent in profile.sizes.items())
        click.echo(f"profile   {profile.name:16} {profile.network}, {profile.precision}, {sizes}")
    for file in files:
        note = f"; cannot be used here: {file['unfit']}" if file["unfit"] else ""
        facts = f"{file['size_bytes'] / 2**20:.1f} MiB, {file['backend']}, {Path(file['plan']).name}"
        click.echo(f"compiled  {file['profile'] or 'fitted weights':16} {facts}{note}")


@engine.command()
@click.argument("profiles", nargs=-1, metavar="[PROFILE]...")
@_folder
@json_option
def verify(profiles: tuple[str, ...], engine_dir: Path | None, as_json: bool) -> int:
    """Compare engine files with the networks in float32: those of the named profiles, or all.

    A file that cannot run here is checked as far as possible, and what was checked is printed. Exit code 1 if a file is
    wrong, 2 if none could be checked.

    \b
    Example:
      framecolor engine verify
    """
    from framecolor.engines.tensorrt.backends import find_backends
    from framecolor.engines.tensorrt.cache import EngineCache
    from framecolor.engines.tensorrt.profiles import find_profile, list_profiles
    from framecolor.engines.tensorrt.verify import backend_of, find_engine_files, verify_engine
    from framecolor.errors import EngineError, FramecolorError

    cache, backends = EngineCache(engine_dir), find_backends()
    named = [find_profile(name) for name in profiles]
    known = {profile.name: profile for profile in [*list_profiles(), *named]}
    rows, problems = [], []
    for file in find_engine_files(tuple(profile.name for profile in named), cache):
        try:
            verdict = verify_engine(file, known.get(file.profile), backend_of(file, backends), cache)
        except FramecolorError as error:
            problems.append(error)
            click.echo(f"wrong     {error}", err=True)
            continue
        rows.append(
            {
                "profile": file.profile,
                "plan": str(file.path),
                "good": verdict.good,
                "ran": verdict.ran,
                "checked": verdict.checked,
                "sizes": verdict.sizes,
                "parity": {name: _finite(parity) for name, parity in verdict.parity.items()},
            }
        )
        if not as_json:
            click.echo(f"{'good' if verdict.good else 'wrong':9} {file.profile}: {'; '.join(verdict.checked)}")
            at = ", ".join(f"{axis} {size}" for axis, size in verdict.sizes.items())
            for name, parity in verdict.parity.items():
                click.echo(
                    f"{'':9} {name}: {parity.psnr_db:.1f} dB, worst error {parity.worst:.1e} of its range, at {at}"
                )
    if as_json:
        click.echo(json.dumps(rows, indent=1))
    if problems and not rows:
        raise EngineError(cache.folder, "holds no engine file that could be checked", problems[0].fix)
    return 1 if problems or not all(row["good"] for row in rows) else 0


@engine.command()
@_folder
@click.option("--older-than", "days", type=click.FloatRange(0), metavar="DAYS", help="Also files older than this.")
@click.option("--keep", "keep_mib", type=click.FloatRange(0), metavar="MIB", help="Also the oldest, beyond this size.")
@click.option("--all", "everything", is_flag=True, help="Every engine file.")
@json_option
def prune(engine_dir: Path | None, days: float | None, keep_mib: float | None, everything: bool, as_json: bool) -> None:
    """Remove engine files that this machine's GPU, driver and packages can no longer use.

    \b
    Example:
      framecolor engine prune --older-than 30
    """
    from framecolor.engines.tensorrt.backends import find_backends
    from framecolor.engines.tensorrt.cache import EngineCache
    from framecolor.engines.tensorrt.prune import prune_engine_files

    cache = EngineCache(engine_dir)
    gone = prune_engine_files(
        cache,
        older_than_days=days,
        keep_bytes=None if keep_mib is None else int(keep_mib * 2**20),
        unfit_for={backend.name: backend for backend in find_backends()},
        everything=everything,
    )
    if as_json:
        click.echo(json.dumps([{"plan": name, "why": why} for name, why in gone], indent=1))
        return
    for name, why in gone:
        click.echo(f"removed   {name}: {why}")
    click.echo(f"{len(gone)} removed, {sum(1 for _ in cache.files())} left in {cache.folder}")


def _choose(names: tuple[str, ...]) -> list[Profile]:
    """Return the named profiles, or those that the pipeline uses."""
    from framecolor.engines.tensorrt.profiles import find_profile, list_profiles

    if names:
        return [find_profile(name) for name in names]
    return list_profiles()


def _finite(parity: Parity) -> dict[str, float | None]:
    """Replace infinity (no difference) and NaN by None, as JSON has neither."""
    values = {"psnr_db": parity.psnr_db, "worst": parity.worst}
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def _format_extent(extent: Any) -> str:
    return str(extent) if isinstance(extent, int) else f"{extent[0]}-{extent[2]}"


class _Bar:
    """Shows a build's steps: a bar on a terminal, elsewhere a line at intervals. Called from the builder's threads."""

    def __init__(self, name: str, quiet: bool) -> None:
        from tqdm import tqdm

        watched = sys.stderr.isatty()
        self._name, self._phase = name, "compiling"
        self._begin = time.monotonic()
        self._bar = tqdm(desc=name, unit=" steps", leave=False, disable=quiet or not watched)
        self._heartbeat = None if watched else Heartbeat(self._print_phase, HEARTBEAT_SECONDS)

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()
        if self._heartbeat is not None:
            self._heartbeat.stop()

    def __call__(self, phase: str, done: int, total: int) -> None:
        self._phase = phase
        self._bar.total = total
        self._bar.set_postfix_str(phase, refresh=False)
        self._bar.update(done - self._bar.n)

    def _print_phase(self, _: float) -> None:
        took_seconds = time.monotonic() - self._begin
        with suppress(OSError, ValueError):  # the reader of stderr is gone
            click.echo(f"{self._name}: {self._phase}, still running after {took_seconds:.0f} s", err=True)
