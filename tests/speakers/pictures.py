"""Picture files for tests, real ones and odd ones, drawn here."""

import struct
import zlib
from io import BytesIO

from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 160, 60), (40, 60, 200), (255, 255, 255)


def drawn(width=400, height=400, *, mode="RGB", background=BLUE):
    """A picture that is green in its upper left quarter, so that one sees which way up it is."""
    picture = Image.new("RGB", (width, height), background)
    picture = Image.new("RGB", (width, height), background)
    picture.paste(GREEN, (0, 0, width // 2, height // 2))
    return picture.convert(mode)


def saved(picture, kind="JPEG", **options):
    output = BytesIO()
    picture.save(output, kind, **options)
    return output.getvalue()


def photo(kind="JPEG", width=400, height=400, **options):
    return saved(drawn(width, height), kind, **options)


def like_a_camera(seed=0, width=800, height=1000):
    """A JPEG with as much in it as a camera leaves: shapes, soft colours, noise."""
    soft = Image.new("RGB", (8, 8))
    soft.putdata([((i * 37 + seed * 53) % 256, (i * 59) % 256, (i * 83) % 256) for i in range(64)])
    picture = soft.resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((width * 0.3, height * 0.1, width * 0.7, height * 0.6), fill=(140, 90, 60))
    for left in (0.4, 0.55):
        draw.ellipse((width * left, height * 0.28, width * (left + 0.05), height * 0.31), fill=0)
    noise = Image.effect_noise((width // 2, height // 2), 30).resize((width, height))
    return saved(Image.blend(picture, noise.convert("RGB"), 0.12), "JPEG", quality=88)


def exif(orientation=None, **tags):
    """Exif as a phone writes it: which way it was held, where, and by what."""
    data = Image.Exif()
    if orientation:
        data[0x0112] = orientation
    data[0x010F] = "CAMERA-MAKER"
    data[0x9286] = "USER-COMMENT"
    place = data.get_ifd(0x8825)
    place[1], place[2] = "S", (0.0, 16.0, 57.5)
    place[3], place[4] = "E", (36.0, 4.0, 0.0)
    return data.tobytes()


def told_everything(kind):
    """A picture with all that a file can tell besides its dots."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options = {"exif": exif(), "icc_profile": profile}
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>XMP-SECRET</x:xmpmeta>"
    if kind == "JPEG":
        options |= {"comment": b"COMMENT-SECRET", "xmp": xmp}
    elif kind == "PNG":
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", "COMMENT-SECRET")
        text.add_itxt("XML:com.adobe.xmp", xmp.decode())
        options["pnginfo"] = text
    else:
        options["xmp"] = xmp
    return photo(kind, **options)


def animated(kind):
    frames = [Image.new("RGB", (200, 200), colour) for colour in (RED, GREEN, BLUE)]
    return saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_of(width, height):
    """A PNG that says it has so many pixels; what follows is a few bytes."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def jpeg_of(width, height):
    """A small JPEG whose header says that it has so many pixels."""
    content = bytearray(photo())
    start = content.index(b"\xff\xc0") + 5
    content[start : start + 4] = struct.pack(">HH", height, width)
    return bytes(content)


def jpeg_of_passes(more):
    """A JPEG drawn in the passes that programs use, and then in so many more."""
    content = photo(progressive=True)
    last = content.rindex(b"\xff\xda")
    end = content.rindex(b"\xff\xd9")
    return content[:end] + content[last:end] * more + content[end:]
