"""Check Python and the packages: whether they are installed, load, and have tested versions."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib import import_module, metadata

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from framecolor.core.text import format_install
from framecolor.doctor.finding import Finding, Target, one_line
from framecolor.doctor.gpu import lacks_gpu
from framecolor.version import VERSION

_PACKAGE = "framecolor"
# Package -> module. They have compiled libraries, which can be installed and still not load.
_MODULES = {
    "torch": "torch",
    "numpy": "numpy",
    "av": "av",
    "OpenImageIO": "OpenImageIO",
    "opencv-python-headless": "cv2",
    "openvino": "openvino",
}
_EXTRAS = {
    "psd": "frames as layered Photoshop files",
    "farm": "running a farm's job here",
    "diffusion": "a Stable Diffusion of your own",
    "tensorrt": "the fastest engine on an NVIDIA GPU",
}
# Without a GPU, a Stable Diffusion takes minutes for a picture.
_EXTRAS_OF_A_GPU = ("diffusion", "tensorrt")


def check_python(target: Target) -> Iterator[Finding]:
    """Compare the interpreter with the version that the package requires."""
    wanted = (_metadata().get_all("Requires-Python") or [""])[0]
    version, data = platform.python_version(), {"python": platform.python_version(), "framecolor": VERSION}
    if SpecifierSet(wanted).contains(version, prereleases=True):
        yield Finding("python", "ok", f"Python {version}, framecolor {VERSION}", data=data)
    else:
        yield Finding("python", "fail", f"Python {version} is not {wanted}", f"install Python {wanted}", data)


def check_packages(target: Target) -> Iterator[Finding]:
    """Check the packages that every run needs: one finding for all that are right, and one for each of the others."""
    good: dict[str, str] = {}
    for wanted in _requirements(None):
        problem = _find_problem(wanted)
        if problem is not None:
            yield problem
        else:
            good[wanted.name] = metadata.version(wanted.name)
    shown = ", ".join(f"{name} {good[name]}" for name in _MODULES if name in good)
    rest = len(good) - sum(name in good for name in _MODULES)
    if good:
        yield Finding("packages", "ok", f"{shown}, and {rest} more, all as required", data=good)


def check_extras(target: Target) -> Iterator[Finding]:
    """Check the extras. Those that only serve a GPU are left out if they are missing and there is no GPU."""
    for extra, purpose in _EXTRAS.items():
        wanted = _requirements(extra)
        missing = [w for w in wanted if _version(w.name) is None]
        if missing and extra in _EXTRAS_OF_A_GPU and lacks_gpu():
            continue
        line = format_install(f"framecolor[{extra}]")
        data = {"extra": extra, "missing": [w.name for w in missing]}
        if missing:
            absent = ", ".join(w.name for w in missing)
            yield Finding("extras", "note", f"{extra}: no {absent} ({purpose})", line, data)
            continue
        versions = {w.name: str(_version(w.name)) for w in wanted}
        shown = ", ".join(f"{name} {version}" for name, version in versions.items())
        wrong = [w for w in wanted if not w.specifier.contains(versions[w.name], prereleases=True)]
        if wrong:
            tested = ", ".join(f"{w.name}{w.specifier}" for w in wrong)
            yield Finding("extras", "warn", f"{extra}: {shown}; tested is {tested}", line, {**data, **versions})
        else:
            yield Finding("extras", "ok", f"{extra}: {shown} ({purpose})", data={**data, **versions})


def _find_problem(wanted: Requirement) -> Finding | None:
    """Return a finding if a package is missing, does not load or has an untested version; else None."""
    line = format_install(f"{wanted.name}{wanted.specifier}")
    version = _version(wanted.name)
    data = {"package": wanted.name, "version": version, "wanted": str(wanted.specifier)}
    if version is None:
        return Finding("packages", "fail", f"{wanted.name} is not installed", line, data)
    if wanted.name in _MODULES:
        try:
            if wanted.name == "openvino":
                import_module("framecolor.engines.quiet_openvino")
            import_module(_MODULES[wanted.name])
        except Exception as error:  # incompatible libraries can raise anything
            what = f"{wanted.name} {version} does not load: {one_line(error)}"
            return Finding("packages", "fail", what, line.replace("install ", "install --force-reinstall "), data)
    if not wanted.specifier.contains(version, prereleases=True):
        return Finding("packages", "warn", f"{wanted.name} {version}; tested is {wanted.specifier}", line, data)
    return None


def _requirements(extra: str | None) -> list[Requirement]:
    """List the requirements of the package (extra None) or of an extra on this machine, with those of nested extras."""
    found: list[Requirement] = []
    for line in _metadata().get_all("Requires-Dist") or []:
        wanted = Requirement(line)
        of_extra = wanted.marker is not None and "extra" in str(wanted.marker)
        if of_extra != (extra is not None) or not (
            wanted.marker is None or wanted.marker.evaluate({"extra": extra or ""})
        ):
            continue
        if wanted.name == _PACKAGE:
            found += [deeper for name in sorted(wanted.extras) for deeper in _requirements(name)]
        else:
            found.append(wanted)
    return found


def _metadata() -> metadata.PackageMetadata:
    try:
        return metadata.metadata(_PACKAGE)
    except metadata.PackageNotFoundError:
        problem = "framecolor runs from its source and is not installed, so its requirements are unknown"
        raise ModuleNotFoundError(f"{problem}; run pip install -e . beside its pyproject.toml") from None


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
