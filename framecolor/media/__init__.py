"""Files in and out: images, movies, palettes and the numbering of sequences. The only place that imports av."""

from framecolor.core.files import write_bytes_atomic, write_text_atomic
from framecolor.media.corrections import Correction, describe_correction, read_corrections, write_corrections
from framecolor.media.decode import (
    ImageFile,
    check_image,
    hash_file,
    image_size,
    open_image,
    read_image,
    read_numbers,
)
from framecolor.media.encode import encode_image, write_image
from framecolor.media.headers import IMAGE_SUFFIXES, PAINTED_SUFFIXES
from framecolor.media.movies import MOVIE_SUFFIXES, Movie, is_movie
from framecolor.media.palettes import format_swatches, read_palette, read_swatches, write_palette
from framecolor.media.sheet import Sheet, Track
from framecolor.media.sheet_files import read_sheet
from framecolor.media.writers import FORMATS, Format, Mark, Picture

__all__ = [
    "FORMATS",
    "IMAGE_SUFFIXES",
    "MOVIE_SUFFIXES",
    "PAINTED_SUFFIXES",
    "Correction",
    "Format",
    "ImageFile",
    "Mark",
    "Movie",
    "Picture",
    "Sheet",
    "Track",
    "check_image",
    "describe_correction",
    "encode_image",
    "format_swatches",
    "hash_file",
    "image_size",
    "is_movie",
    "open_image",
    "read_corrections",
    "read_image",
    "read_numbers",
    "read_palette",
    "read_sheet",
    "read_swatches",
    "write_bytes_atomic",
    "write_corrections",
    "write_image",
    "write_palette",
    "write_text_atomic",
]
