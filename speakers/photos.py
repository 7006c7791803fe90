"""From the file somebody chose to the pictures a page shows. Pure: bytes in, bytes out.

The picture is checked before it is decoded, turned as the camera held it, cut
to a square, and drawn anew in a few sizes and three formats. Only its dots are
carried over, as sRGB: no Exif, no place, no profile, no comment.
"""

import hashlib
import re
import warnings
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from PIL import Image, ImageCms

from speakers.renditions import (
    EXTENSIONS,
    FORMATS,
    LARGE,
    LEAST_SIDE,
    MAX_BYTES,
    MAX_PIXELS,
    MAX_PIXELS_WHOLE,
    MOST_BYTES,
    MOST_PASSES,
    SIZES,
    Photo,
    Rendition,
)

# How each format is encoded: Pillow's name of it, the qualities it may have, its settings.
ENCODINGS: dict[str, tuple[str, tuple[int, ...], dict[str, Any]]] = {
    "avif": ("AVIF", (60, 50, 40, 32, 25, 18, 10), {"speed": 6, "max_threads": 1}),
    "webp": ("WEBP", (78, 65, 50, 38, 26, 14, 5), {"method": 4}),
    "jpg": ("JPEG", (82, 72, 60, 48, 36, 25, 15, 8), {"optimize": True}),
}
# How much of what is cut off a tall picture is cut off its top: faces are above the middle.
CUT_FROM_TOP = 0.25

# In a JPEG (ITU-T T.81, annex B): what begins a segment that says its own length, or
# ends the picture. Among the dots a byte of ones is followed by 0, or by a restart.
MARKER = re.compile(rb"\xff+([\x02-\xcf\xd9-\xfe])")
END_OF_IMAGE, START_OF_SCAN = b"\xd9", b"\xda"

EXIF_ORIENTATION = 0x0112
# How to turn a picture upright, by its Exif orientation (CIPA DC-008, 4.6.5).
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Pillow's own guard, for what it might decode before we have looked: a
# picture beyond the bound is refused and not only warned of.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


class PhotoRefused(Exception):
    """The file can't be taken as a photo; the message says why, to the organiser."""


def make(content: bytes) -> Photo:
    """Return the photo of a file. Raises PhotoRefused with a sentence that says what to do."""
    if len(content) > MAX_BYTES:
        raise PhotoRefused(_too_many_bytes())
    picture = _square(_opened(content))
    renditions = tuple(
        Rendition(size, extension, _encoded(resized, size, extension))
        for size in SIZES
        for resized in [_resized(picture, size)]
        for extension in EXTENSIONS
    )
    digest = hashlib.sha256(b"".join(rendition.content for rendition in renditions))
    return Photo(digest.hexdigest()[:32], renditions)


def _too_many_bytes() -> str:
    return _(
        "The file is too big: at most %(most)d MB. Send the picture to yourself in a smaller size, "
        "or cut it to the face, and choose that."
    ) % {"most": MAX_BYTES // 1024**2}


def _opened(content: bytes) -> Image.Image:
    """Return the picture, looked at but not decoded yet."""
    _refuse_what_is_known(content)
    try:
        picture = Image.open(BytesIO(content), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PhotoRefused(_too_many_pixels(MAX_PIXELS)) from None
    except Exception:
        raise PhotoRefused(_not_a_picture()) from None
    width, height = picture.size
    most = MAX_PIXELS if picture.format in {"JPEG", "MPO"} else MAX_PIXELS_WHOLE
    if width * height > most:
        raise PhotoRefused(_too_many_pixels(most))
    if picture.format in {"JPEG", "MPO"} and _takes_too_many_passes(content):
        raise PhotoRefused(_not_a_picture())
    # Phones put a second view of the same moment into a JPEG: that is no animation.
    if getattr(picture, "is_animated", False) and picture.format != "MPO":
        raise PhotoRefused(_animated())
    if min(width, height) < LEAST_SIDE:
        raise PhotoRefused(
            _(
                "The picture is too small: %(width)d × %(height)d pixels. Choose one of at least "
                "%(least)d × %(least)d."
            )
            % {"width": width, "height": height, "least": LEAST_SIDE}
        )
    return picture


def _takes_too_many_passes(content: bytes) -> bool:
    """Whether a JPEG would have us go over all of it again and again, for hours perhaps."""
    place = passes = 0
    while (marker := MARKER.search(content, place)) and marker[1] != END_OF_IMAGE:
        passes += marker[1] == START_OF_SCAN
        if passes > MOST_PASSES:
            return True
        length = content[marker.end() : marker.end() + 2]
        place = marker.end() + int.from_bytes(length)
    return False


def _refuse_what_is_known(content: bytes) -> None:
    """Refuse by name what people choose by mistake."""
    start = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<svg", b"<?xml")) or b"<svg" in start:
        raise PhotoRefused(_("This is a drawing (SVG). Choose a photo: JPEG, PNG, WebP or AVIF."))
    if start.startswith(b"gif8"):
        raise PhotoRefused(_("This is a GIF. Choose a photo: JPEG, PNG, WebP or AVIF."))
    if content[4:8] == b"ftyp" and content[8:12] in {b"heic", b"heix", b"heim", b"heis", b"hevc"}:
        raise PhotoRefused(
            _(
                "This is a HEIC picture, as iPhones take them. Open it and export it as JPEG, or "
                "send it to yourself by mail, and choose that."
            )
        )


def _too_many_pixels(most: int) -> str:
    return _(
        "The picture has too many pixels: at most %(most)d million. Save it in a smaller size and "
        "choose that."
    ) % {"most": most // 1_000_000}


def _not_a_picture() -> str:
    return _(
        "This file is damaged, or it is no picture. Open it to see whether it shows; then choose a "
        "JPEG, PNG, WebP or AVIF."
    )


def _animated() -> str:
    return _("The picture moves. Choose one that stands still.")


def _square(picture: Image.Image) -> Image.Image:
    """Return the upright square of the picture in sRGB, no larger than is needed."""
    try:
        # A JPEG is decoded no finer than is needed, which spares time and memory.
        picture.draft(None, (LARGE * 2, LARGE * 2))
        picture.load()
        orientation, profile = _orientation(picture), picture.info.get("icc_profile")
        picture = _shrunk(picture)
        if orientation in UPRIGHT:
            picture = picture.transpose(UPRIGHT[orientation])
        return _in_srgb(_cut(picture), profile)
    except Exception:
        raise PhotoRefused(_not_a_picture()) from None


def _orientation(picture: Image.Image) -> int:
    """Return how the camera was held; 1, upright, where nothing legible says so."""
    try:
        found = picture.getexif().get(EXIF_ORIENTATION, 1)
    except Exception:
        return 1
    return found if found in UPRIGHT else 1


def _shrunk(picture: Image.Image) -> Image.Image:
    """Return the picture with dots that can be mixed, and no more of them than is needed."""
    if picture.mode == "1":
        picture = picture.convert("L")
    elif "transparency" in picture.info or picture.mode in {"P", "PA"}:
        picture = picture.convert("RGBA")
    factor = min(picture.size) // (LARGE * 2)
    if picture.mode.startswith(("I", "F")):
        # 16 bits of grey; the upper 8 are what a screen shows.
        picture = picture.convert("I").point(lambda value: value / 256).convert("L")
    return picture.reduce(factor) if factor > 1 else picture


def _cut(picture: Image.Image) -> Image.Image:
    """Return the square of an upright picture."""
    width, height = picture.size
    side = min(width, height)
    left, top = (width - side) // 2, int((height - side) * CUT_FROM_TOP)
    largest = min(side, LARGE)
    box = (left, top, left + side, top + side)
    return picture.resize((largest, largest), Image.Resampling.LANCZOS, box)


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the dots alone, as sRGB on white."""
    alpha = picture.getchannel("A") if "A" in picture.getbands() else None
    colours = picture.convert({"RGBA": "RGB", "LA": "L"}.get(picture.mode, picture.mode))
    if profile:
        colours = _by_profile(colours, profile)
    clean = Image.new("RGB", picture.size, "white")
    clean.paste(colours.convert("RGB"), mask=alpha)
    return clean


def _by_profile(picture: Image.Image, profile: bytes) -> Image.Image:
    """Return the picture in sRGB by its profile; as it is where the profile is not for it."""
    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        converted = ImageCms.profileToProfile(
            picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return picture
    return converted or picture


def _resized(picture: Image.Image, size: int) -> Image.Image:
    """Return the picture at this size; a small one is not made larger than it is."""
    side = min(size, picture.width)
    return picture.resize((side, side), Image.Resampling.LANCZOS)


def _encoded(picture: Image.Image, size: int, extension: str) -> bytes:
    """Return the picture's file: of the best quality that is small enough, else the smallest."""
    kind, qualities, options = ENCODINGS[extension]
    content = b""
    for quality in qualities:
        output = BytesIO()
        picture.save(output, kind, quality=quality, **options)
        content = output.getvalue()
        if len(content) <= MOST_BYTES[size]:
            break
    return content
