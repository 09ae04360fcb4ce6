"""Read and write images, movies and palettes. Only this folder imports av and OpenImageIO. Imports config and below."""

from framecolor.core.files import write_bytes_atomic, write_text_atomic
from framecolor.media.decode import (
    IMAGE_SUFFIXES,
    PAINTED_SUFFIXES,
    ImageFile,
    check_image,
    decode_bytes,
    hash_file,
    image_size,
    open_image,
    read_image,
    read_numbers,
    read_role,
)
from framecolor.media.encode import encode_image, write_image
from framecolor.media.movies import MOVIE_SUFFIXES, Movie, is_movie
from framecolor.media.palettes import (
    PALETTES,
    Swatch,
    SwatchList,
    find_parts,
    fold_name,
    format_swatches,
    read_palette,
    read_swatch_list,
    read_swatches,
    write_palette,
    write_swatches,
)
from framecolor.media.writers import FORMATS, Format, Mark, Parts, Picture

__all__ = [
    "FORMATS",
    "IMAGE_SUFFIXES",
    "MOVIE_SUFFIXES",
    "PAINTED_SUFFIXES",
    "PALETTES",
    "Format",
    "ImageFile",
    "Mark",
    "Movie",
    "Parts",
    "Picture",
    "Swatch",
    "SwatchList",
    "check_image",
    "decode_bytes",
    "encode_image",
    "find_parts",
    "fold_name",
    "format_swatches",
    "hash_file",
    "image_size",
    "is_movie",
    "open_image",
    "read_image",
    "read_numbers",
    "read_palette",
    "read_role",
    "read_swatch_list",
    "read_swatches",
    "write_bytes_atomic",
    "write_image",
    "write_palette",
    "write_swatches",
    "write_text_atomic",
]
