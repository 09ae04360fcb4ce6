"""The colors of a rig's triangles: factor, vertex colors and texture; and textures with drawing inside triangles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from framecolor.training.rigged.pieces import fill_gaps
from framecolor.training.rigged.rig import Floats, Mesh, Rig

Texel = TypeVar("Texel", bound=np.generic)
# Below this linear brightness, skin is a placeholder of its pack, not a color that its painter chose.
_DARKEST_SKIN = 0.03
_SKIN_TONES = ((250, 218, 196), (241, 194, 160), (224, 172, 128), (198, 134, 92), (141, 85, 54), (95, 57, 40))
# Colors of a triangle's corners this far apart in Lab are drawing, not the noise of a palette texture.
_DRAWING_DELTA = 14.0
_INKS, _LEAST_DELTA = 10, 12.0
# A drawn detail of fewer texels joins what is around it.
_LEAST_DETAIL_PX = 24


@dataclass(frozen=True, eq=False, repr=False)
class Look:
    """The triangles of one mesh: rgb float Tx3 in 0..255, bool T hidden, one_sided and drawn; the texture, or None.

    drawn  whether the color varies within the triangle, so that it has to be looked up for each pixel
    """

    rgb: Floats
    hidden: NDArray[np.bool_]
    one_sided: NDArray[np.bool_]
    drawn: NDArray[np.bool_]
    image: int | None
    uv: Floats | None


def read_look(rig: Rig, mesh: Mesh, images: dict[int, NDArray[np.uint8]], tone: int) -> Look:
    """Read how a mesh looks; decoded `images` are kept for the next. `tone` chooses among skin tones."""
    material = rig.gltf.table["materials"][mesh.material] if mesh.material >= 0 else {}
    paint = material.get("pbrMetallicRoughness", {})
    factor = np.array(paint.get("baseColorFactor", (1, 1, 1, 1)), float)
    count = len(mesh.triangles)
    if "skin" in str(material.get("name", "")).lower() and factor[:3].max() < _DARKEST_SKIN:
        factor[:3] = to_linear(np.array(_SKIN_TONES[tone % len(_SKIN_TONES)], float))
    linear = np.tile(factor[:3], (count, 1)) + np.array(material.get("emissiveFactor", (0, 0, 0)), float)
    if mesh.colors is not None:
        linear = linear * mesh.colors[mesh.triangles].mean(axis=1)
    opacity = np.full(count, factor[3])
    drawn = np.zeros(count, bool)
    image, uv = None, None
    texture = paint.get("baseColorTexture", material.get("emissiveTexture"))
    if texture is not None and mesh.uv is not None:
        image = int(rig.gltf.table["textures"][texture["index"]]["source"])
        if image not in images:
            images[image] = rig.gltf.read_image(image)
        uv = _transform(mesh.uv, texture.get("extensions", {}).get("KHR_texture_transform", {}))
        corners = uv[mesh.triangles]
        # Points inside: at the corners themselves, a palette texture shows the next color.
        inside = corners * 0.55 + corners.mean(axis=1, keepdims=True) * 0.45
        samples = look_up(images[image], np.concatenate([corners.mean(axis=1, keepdims=True), inside], axis=1))
        lab = to_lab(samples[..., :3])
        drawn = np.linalg.norm(lab - lab[:, :1], axis=2).max(axis=1) > _DRAWING_DELTA
        linear = linear * to_linear(samples[:, 0, :3].astype(float))
        opacity = opacity * samples[:, 0, 3] / 255
    see_through = material.get("alphaMode", "OPAQUE") != "OPAQUE"
    return Look(
        rgb=_to_srgb(linear),
        hidden=(opacity < 0.3) & see_through,
        one_sided=np.full(count, not material.get("doubleSided", False)),
        drawn=drawn,
        image=image,
        uv=uv,
    )


def posterize(image: NDArray[np.uint8], used: NDArray[np.bool_]) -> tuple[NDArray[np.int32], Floats]:
    """Split a texture with drawing into flat details: the detail of each texel, and the rgb of each detail.

    A detail is connected and of one color, so that two drawn eyes are two. used: bool HxW, texels that matter.
    """
    smooth = cv2.medianBlur(cv2.bilateralFilter(np.ascontiguousarray(image[..., :3]), 9, 30, 9), 5)
    lab = to_lab(smooth).astype(np.float32)
    sample = np.random.default_rng(0).permutation(lab[used])[:20000]
    cv2.setRNGSeed(0)
    empty = np.zeros((0, 1), np.int32)
    count = min(_INKS, len(sample))
    _, label, centers = cv2.kmeans(sample, count, empty, (3, 30, 0.5), 2, cv2.KMEANS_PP_CENTERS)
    kept: list[int] = []
    for i in np.argsort(-np.bincount(label.ravel(), minlength=count), kind="stable"):
        if all(np.linalg.norm(centers[i] - centers[j]) > _LEAST_DELTA for j in kept):
            kept.append(int(i))
    distance = np.stack([np.linalg.norm(lab - centers[i], axis=2) for i in kept])
    ink = cv2.medianBlur(distance.argmin(axis=0).astype(np.uint8), 7)
    details, rgb = np.zeros(ink.shape, np.int32), [np.zeros(3)]
    for color in range(len(kept)):
        _, pieces, stats, _ = cv2.connectedComponentsWithStats((ink == color).astype(np.uint8), connectivity=4)
        large = stats[:, cv2.CC_STAT_AREA] >= _LEAST_DETAIL_PX
        large[0] = False
        number = np.where(large, len(rgb) - 1 + np.cumsum(large), 0)
        details += number[pieces].astype(np.int32)
        if large.any():
            chosen = (ink == color) & used
            rgb += [smooth[chosen if chosen.any() else ink == color].mean(axis=0)] * int(large.sum())
    return fill_gaps(details, details == 0), np.array(rgb)


def look_up(image: NDArray[Texel], uv: Floats) -> NDArray[Texel]:
    """Look up texels at texture coordinates [..., 2], which repeat."""
    height, width = image.shape[:2]
    at = np.mod(uv, 1.0) * (width, height)
    return image[np.minimum(at[..., 1].astype(int), height - 1), np.minimum(at[..., 0].astype(int), width - 1)]


def to_lab(rgb: NDArray[Any]) -> NDArray[np.float32]:
    """Convert rgb in 0..255, [..., 3], to CIE Lab."""
    flat = np.asarray(rgb, np.float32).reshape(-1, 1, 3) / 255
    return cv2.cvtColor(flat, cv2.COLOR_RGB2LAB).reshape(np.shape(rgb)).astype(np.float32, copy=False)


def to_linear(srgb: Floats) -> Floats:
    """Convert sRGB in 0..255 to linear light in 0..1."""
    share = srgb / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)


def _to_srgb(linear: Floats) -> Floats:
    light = linear.clip(0, 1)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055) * 255


def _transform(uv: Floats, extension: dict[str, Any]) -> Floats:
    turn = float(extension.get("rotation", 0.0))
    scaled = uv * np.array(extension.get("scale", (1, 1)), float)
    cos, sin = np.cos(turn), np.sin(turn)
    return scaled @ np.array([[cos, -sin], [sin, cos]]) + np.array(extension.get("offset", (0, 0)), float)
