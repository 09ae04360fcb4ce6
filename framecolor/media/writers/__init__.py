"""The table of formats of written frames. A new one needs a line here and a name in `config.settings.FormatName`."""

from __future__ import annotations

from framecolor.config.settings import FormatName
from framecolor.media.writers.base import Format, Mark, Parts, Picture
from framecolor.media.writers.exr import encode_exr
from framecolor.media.writers.flat import encode_flat
from framecolor.media.writers.indexed import encode_indexed
from framecolor.media.writers.psd import encode_psd
from framecolor.media.writers.tlv import encode_part

FORMATS: dict[FormatName, Format] = {
    "png": Format(".png", lambda picture: encode_flat(picture.rgba, "png")),
    "png16": Format(".png", lambda picture: encode_flat(picture.rgba, "png16")),
    "png-indexed": Format(".png", lambda picture: encode_indexed(picture.rgba)),
    "tga": Format(".tga", lambda picture: encode_flat(picture.rgba, "tga"), longest_px=65_535),
    "tiff": Format(".tif", lambda picture: encode_flat(picture.rgba, "tiff")),
    "tiff16": Format(".tif", lambda picture: encode_flat(picture.rgba, "tiff16")),
    "exr": Format(".exr", lambda picture: encode_exr(picture.rgba)),
    "psd": Format(".psd", encode_psd, layered=True, longest_px=30_000, module="psd_tools", extra="psd"),
    "psd-parts": Format(
        ".psd", encode_psd, layered=True, by_part=True, longest_px=30_000, module="psd_tools", extra="psd"
    ),
    "tlv": Format(".tlv", encode_part, layered=True, level=True),
}

__all__ = ["FORMATS", "Format", "Mark", "Parts", "Picture"]
