"""Read SVG drawings as flat shapes: paths, groups, transforms, fills, strokes, clips; gradients as mean color."""

from __future__ import annotations

import copy
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from framecolor.core.text import format_install
from framecolor.errors import InputError, ReadError
from framecolor.training.puppets.shapes import Contour, Shape

_CURVE_STEPS = 8
_REFERENCE = re.compile(r"url\(\s*['\"]?#([^)'\"]+)['\"]?\s*\)")
_XLINK = "{http://www.w3.org/1999/xlink}href"
# Shapes with less opacity than this are invisible in a flat drawing.
_FAINT = 0.12


def read_shapes(path: Path) -> list[Shape]:
    """Read the shapes of an SVG file, from back to front, in user units.

    A partly transparent shape keeps its own color and `alpha`. Text, images, filters and patterns are left out. Raises
    ReadError if the file is not SVG, InputError if the parser is not installed.
    """
    try:
        root = ET.fromstring(path.read_text(encoding="utf-8"))
    except (OSError, ET.ParseError, UnicodeDecodeError) as error:
        raise ReadError(path, f"is not SVG ({error})", "fetch the art again") from error
    svgelements = _load_parser()
    try:
        return _read_shapes(root, svgelements)
    except (ValueError, TypeError, AttributeError, ArithmeticError, LookupError, RecursionError) as error:
        raise ReadError(path, f"is not readable SVG ({error!r})", "leave this file out") from error


def _read_shapes(root: ET.Element, svgelements: Any) -> list[Shape]:
    _resolve_gradients(root)
    _resolve_clips(root)
    clips: dict[str, list[Contour]] = {}
    shapes: list[tuple[Shape, str]] = []
    for element in _parse(root, svgelements):
        if "data-clipped" in element.values and element.values.get("data-outline"):
            clips.setdefault(element.values["data-outline"], []).extend(_contours(element))
            continue
        clip = str(element.values.get("data-clipped") or "")
        shapes += [(shape, clip) for shape in _element_shapes(element)]
    return [Shape(**{**vars(s), "clip": tuple(clips.get(clip, ()))}) if clip else s for s, clip in shapes]


def _parse(root: ET.Element, svgelements: Any) -> Iterator[Any]:
    svg = svgelements.SVG.parse(io.StringIO(ET.tostring(root, encoding="unicode")), reify=True)
    for element in svg.elements():
        if isinstance(element, svgelements.Shape) and element.values.get("display") != "none":
            yield element


def _load_parser() -> Any:
    """Import the svgelements module, of the extra `train`; raises InputError if it is not installed."""
    try:
        import svgelements
    except ImportError as error:
        raise InputError("SVG", "cannot be read without svgelements", format_install("framecolor[train]")) from error
    return svgelements


def _element_shapes(element: Any) -> Iterator[Shape]:
    """Yield the fill and the stroke of one element."""
    contours = _contours(element)
    if not contours or element.values.get("visibility") == "hidden":
        return
    opacity = _number(element.values.get("data-opacity"), 1.0)
    fill, stroke = element.fill, element.stroke
    multiply = "multiply" in str(element.values.get("style", ""))
    if fill is not None and fill.value is not None:
        alpha = opacity * fill.opacity * (0.3 if multiply else 1)
        closed = tuple(c for c in contours if len(c) >= 3)
        if alpha >= _FAINT and closed:
            rule = str(element.values.get("fill-rule", ""))
            yield Shape(closed, (fill.red, fill.green, fill.blue), even_odd=rule == "evenodd", alpha=alpha)
    width = element.stroke_width
    if stroke is not None and stroke.value is not None and width and opacity * stroke.opacity >= 0.5:
        lines = tuple(c for c in contours if len(c) >= 2)
        if lines:
            yield Shape(lines, (stroke.red, stroke.green, stroke.blue), stroke=float(width))


def _contours(element: Any) -> list[Contour]:
    """Convert the element's outlines to points, float64 Nx2 each."""
    svgelements = _load_parser()
    path = svgelements.Path(element)
    # Rotated ellipses and rectangles keep their transform until they are converted to paths.
    path.reify()
    contours: list[Contour] = []
    points: list[Contour] = []
    for segment in path:
        if isinstance(segment, svgelements.Move):
            _close(points, contours)
            points = [np.array([[segment.end.x, segment.end.y]])]
        elif isinstance(segment, svgelements.Close):
            if segment.end is not None:
                points.append(np.array([[segment.end.x, segment.end.y]]))
        elif isinstance(segment, svgelements.Arc):
            points += [_sample(curve) for curve in segment.as_cubic_curves()]
        else:
            points.append(_sample(segment))
    _close(points, contours)
    return contours


def _close(points: list[Contour], contours: list[Contour]) -> None:
    if not points:
        return
    contour = np.concatenate(points)
    keep = np.append(True, np.abs(np.diff(contour, axis=0)).sum(axis=1) > 1e-6)
    if keep.sum() >= 2 and np.isfinite(contour).all():
        contours.append(contour[keep])


def _sample(segment: Any) -> Contour:
    """Sample points along a line or Bezier segment, without its start."""
    names = ("start", "control", "control1", "control2", "end")
    control = [p for name in names if (p := getattr(segment, name, None)) is not None]
    nodes = np.array([[p.x, p.y] for p in control])
    if len(nodes) == 2:
        return nodes[1:]
    t = np.linspace(0, 1, _CURVE_STEPS + 1)[1:, None]
    # De Casteljau's algorithm for all t at once.
    level = [np.broadcast_to(node, (t.size, 2)) for node in nodes]
    while len(level) > 1:
        level = [a * (1 - t) + b * t for a, b in pairwise(level)]
    return level[0]


def _number(value: object, default: float) -> float:
    try:
        return float(str(value))
    except ValueError:
        return default


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _style(element: ET.Element, name: str) -> str | None:
    found = re.search(rf"(?:^|;)\s*{name}\s*:\s*([^;]+)", element.get("style", ""))
    return found.group(1).strip() if found else element.get(name)


def _resolve_gradients(root: ET.Element) -> None:
    """Replace gradient references by the mean of the gradient's stops, and other paint references by `none`."""
    by_id = {e.get("id"): e for e in root.iter() if e.get("id")}

    def mean(name: str, depth: int = 0) -> str:
        element = by_id.get(name)
        if element is None or "Gradient" not in _local(element) or depth > 4:
            return "none"
        colors = [c for stop in element if _local(stop) == "stop" and (c := _parse_color(stop)) is not None]
        if colors:
            red, green, blue = np.mean(colors, axis=0).round().astype(int)
            return f"#{red:02x}{green:02x}{blue:02x}"
        link = element.get(_XLINK) or element.get("href") or ""
        return mean(link.lstrip("#"), depth + 1) if link else "none"

    for element in root.iter():
        for name in ("fill", "stroke"):
            value = _style(element, name)
            reference = _REFERENCE.match(value) if value else None
            if reference:
                element.set("style", re.sub(rf"(^|;)\s*{name}\s*:[^;]+", r"\1", element.get("style", "")))
                element.set(name, mean(reference.group(1)))


def _parse_color(stop: ET.Element) -> tuple[int, int, int] | None:
    svgelements = _load_parser()
    color = svgelements.Color(_style(stop, "stop-color") or "#000")
    if color.value is None or _number(_style(stop, "stop-opacity"), 1.0) < _FAINT:
        return None
    return int(color.red or 0), int(color.green or 0), int(color.blue or 0)


def _resolve_clips(root: ET.Element) -> None:
    """Mark clipped elements, insert the outlines of their clips, and multiply opacities down the tree.

    Elements with a clip or mask get data-clipped=N, and copies of the clip's shapes with data-outline=N in front of
    them, under the same transform. Of nested clips, the innermost is used. A mask is the union of its shapes.
    """
    by_id = {e.get("id"): e for e in root.iter() if e.get("id")}
    count = 0

    def visit(parent: ET.Element, opacity: float) -> None:
        nonlocal count
        for child in list(parent):
            kind = _local(child)
            if kind in ("clipPath", "mask", "filter", "pattern", "metadata", "text", "image", "title", "desc"):
                parent.remove(child)
                continue
            own = opacity * _number(_style(child, "opacity"), 1.0)
            child.set("data-opacity", str(own))
            visit(child, own)
            value = _style(child, "clip-path") or _style(child, "mask")
            reference = _REFERENCE.match(value) if value else None
            outline = by_id.get(reference.group(1)) if reference else None
            if outline is None or _is_frame(outline, root):
                continue
            count += 1
            group = ET.Element(child.tag.rpartition("}")[0] + "}g" if "}" in child.tag else "g")
            group.set("data-outline", str(count))
            group.set("data-clipped", str(count))
            if child.get("transform"):
                group.set("transform", child.get("transform", ""))
            for element in outline:
                group.append(copy.deepcopy(element))
            child.set("data-clipped", str(count))
            parent.insert(list(parent).index(child), group)

    visit(root, 1.0)


def _is_frame(outline: ET.Element, root: ET.Element) -> bool:
    """Return whether a clip is only the picture's own rectangle."""
    children = list(outline)
    if len(children) != 1 or _local(children[0]) != "rect":
        return False
    box = (root.get("viewBox") or "0 0 0 0").replace(",", " ").split()
    return _number(children[0].get("width"), 0) >= 0.98 * _number(box[2], 1e9)
