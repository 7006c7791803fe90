"""What a photo may be and what comes of it: bounds, sizes, formats and names of files.

Apart from ``photos``, which loads the library that draws: most processes draw nothing.
"""

import re
from dataclasses import dataclass

# What may be handed in.
MAX_BYTES = 10 * 1024 * 1024
# A JPEG is decoded no finer than is needed; the others whole, which takes 4
# bytes a pixel and as much again on the way.
MAX_PIXELS = 30_000_000
MAX_PIXELS_WHOLE = 16_000_000
# A JPEG may be drawn in many passes, each over all of it; cameras and programs use about ten.
MOST_PASSES = 100
LEAST_SIDE = 96  # pixels
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")

# What comes out: the side of the square in pixels, and the most bytes it may
# take. A list of forty people has to stay under 60 KB with all of its pictures.
LIST, PROFILE, LARGE = 96, 256, 512
MOST_BYTES = {LIST: 1_000, PROFILE: 14_000, LARGE: 40_000}
SIZES = tuple(MOST_BYTES)
# The best first.
CONTENT_TYPES = {"avif": "image/avif", "webp": "image/webp", "jpg": "image/jpeg"}
EXTENSIONS = tuple(CONTENT_TYPES)

# The name of a rendition's file: digest, size, extension.
NAME = re.compile(rf"([0-9a-f]{{32}})-({'|'.join(map(str, SIZES))})\.({'|'.join(EXTENSIONS)})")


@dataclass(frozen=True)
class Rendition:
    """One picture of a photo: the side of its square, its format, its bytes."""

    size: int
    extension: str
    content: bytes


@dataclass(frozen=True)
class Photo:
    """A photo as it is kept: its renditions, and a digest of them all that names them."""

    digest: str
    renditions: tuple[Rendition, ...]


def name_of(digest: str, size: int, extension: str) -> str:
    """Return the name of a rendition's file, which never stands for anything else."""
    return f"{digest}-{size}.{extension}"
