"""From a file to the pictures of a page: what is taken, how it comes out, what is refused."""

import contextlib
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from speakers.photos import PhotoRefused, make
from speakers.renditions import MAX_BYTES, MOST_BYTES, NAME, name_of
from tests.speakers.pictures import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    animated,
    drawn,
    exif,
    jpeg_of,
    jpeg_of_passes,
    like_a_camera,
    photo,
    png_of,
    saved,
    told_everything,
)

DAMAGED = (
    "This file is damaged, or it is no picture. Open it to see whether it shows; then choose a "
    "JPEG, PNG, WebP or AVIF."
)
MOVES = "The picture moves. Choose one that stands still."
TOO_MANY = (
    "The picture has too many pixels: at most {} million. Save it in a smaller size and choose "
    "that."
)


def opened(rendition):
    picture = Image.open(BytesIO(rendition.content))
    picture.load()
    return picture


def large(content):
    """The largest JPEG that comes of a file."""
    return opened(
        next(r for r in make(content).renditions if (r.size, r.extension) == (512, "jpg"))
    )


def is_near(found, wanted):
    return all(abs(one - other) < 24 for one, other in zip(found, wanted, strict=True))


def refusal(content):
    with pytest.raises(PhotoRefused) as caught:
        make(content)
    return str(caught.value)


# What comes out


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_photo_comes_in_three_sizes_and_three_formats(kind):
    made = make(photo(kind, 800, 800))
    kinds = {"avif": "AVIF", "webp": "WEBP", "jpg": "JPEG"}
    found = {(r.size, r.extension): opened(r) for r in made.renditions}
    assert set(found) == {(size, end) for size in (96, 256, 512) for end in kinds}
    for (size, extension), picture in found.items():
        assert (picture.format, picture.mode) == (kinds[extension], "RGB")
        assert picture.size == (size, size)
        assert is_near(picture.getpixel((size // 4, size // 4)), GREEN)
        assert is_near(picture.getpixel((size * 3 // 4, size * 3 // 4)), BLUE)


@pytest.mark.parametrize("seed", range(3))
def test_each_picture_is_small_enough(seed):
    for rendition in make(like_a_camera(seed)).renditions:
        assert len(rendition.content) <= MOST_BYTES[rendition.size]


def test_same_file_makes_the_same_names_and_another_one_others():
    one, same, other = make(photo()), make(photo()), make(saved(drawn(background=RED)))
    assert one == same
    assert one.digest != other.digest
    for rendition in one.renditions:
        assert NAME.fullmatch(name_of(one.digest, rendition.size, rendition.extension))


def test_small_photo_is_not_made_larger_than_it_is():
    assert large(photo(width=120, height=120)).size == (120, 120)


@pytest.mark.parametrize(("width", "height"), [(96, 96), (96, 8000), (8000, 96), (97, 200)])
def test_any_shape_becomes_a_square(width, height):
    side = min(width, height)
    assert large(photo(width=width, height=height)).size == (side, side)


def test_tall_photo_loses_more_of_its_foot_than_of_its_head():
    picture = Image.new("RGB", (400, 800), WHITE)
    picture.paste(GREEN, (0, 100, 400, 500))
    found = large(saved(picture, "PNG"))
    assert is_near(found.getpixel((200, 4)), GREEN)
    assert is_near(found.getpixel((200, 395)), GREEN)


def test_wide_photo_is_cut_to_its_middle():
    picture = Image.new("RGB", (800, 400), WHITE)
    picture.paste(GREEN, (200, 0, 600, 400))
    found = large(saved(picture, "PNG"))
    assert is_near(found.getpixel((4, 200)), GREEN)
    assert is_near(found.getpixel((395, 200)), GREEN)


# Orientation: the green corner is where the camera's bearer saw it, up on the left


@pytest.mark.parametrize(
    ("orientation", "turned"),
    [
        (1, None),
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (4, Image.Transpose.FLIP_TOP_BOTTOM),
        (5, Image.Transpose.TRANSPOSE),
        (6, Image.Transpose.ROTATE_90),
        (7, Image.Transpose.TRANSVERSE),
        (8, Image.Transpose.ROTATE_270),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_photo_stands_upright_however_the_camera_was_held(kind, orientation, turned):
    # As the sensor saw it: what undoes the turn that Exif asks for.
    held = drawn(300, 300).transpose(turned) if turned is not None else drawn(300, 300)
    found = large(saved(held, kind, exif=exif(orientation)))
    assert is_near(found.getpixel((60, 60)), GREEN)
    for other in ((240, 60), (60, 240), (240, 240)):
        assert is_near(found.getpixel(other), BLUE)


def test_turned_photo_is_cut_after_it_was_turned():
    picture = Image.new("RGB", (400, 800), WHITE)
    picture.paste(GREEN, (0, 100, 400, 500))
    held = picture.transpose(Image.Transpose.ROTATE_90)
    found = large(saved(held, "PNG", exif=exif(6)))
    assert is_near(found.getpixel((200, 4)), GREEN)
    assert is_near(found.getpixel((200, 395)), GREEN)


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_orientation_that_there_is_not_turns_nothing(orientation):
    assert is_near(large(photo(exif=exif(orientation))).getpixel((60, 60)), GREEN)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_is_no_reason_to_refuse():
    for data in (b"Exif\0\0garbage", b"Exif\0\0MM\0*\0\0\xff\xff", b"Exif\0\0"):
        assert is_near(large(photo(exif=data)).getpixel((60, 60)), GREEN)


# What is left behind


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_nothing_is_kept_but_the_dots(kind):
    content = told_everything(kind)
    # The file does tell, so that the test can fail.
    assert b"CAMERA-MAKER" in content
    assert b"XMP-SECRET" in content
    for rendition in make(content).renditions:
        for mark in (b"Exif", b"exif", b"CAMERA", b"SECRET", b"USER-COMMENT", b"ICC", b"adobe",
                     b"xmp", b"acsp"):  # fmt: skip
            assert mark not in rendition.content
        picture = opened(rendition)
        assert dict(picture.getexif()) == {}
        told = {"exif", "icc_profile", "xmp", "comment", "photoshop", "XML:com.adobe.xmp"}
        assert told & set(picture.info) == set()


# Colours


def test_other_colour_space_comes_out_as_srgb():
    # A profile that swaps no less than black and white shows that it was used.
    lab = ImageCms.createProfile("LAB")
    swapped = drawn()
    assert large(saved(swapped, icc_profile=b"no profile at all")).size == (400, 400)
    wrong_kind = ImageCms.ImageCmsProfile(lab).tobytes()
    assert is_near(large(saved(swapped, icc_profile=wrong_kind)).getpixel((100, 100)), GREEN)


def wide_gamut():
    """A display's profile whose red, green and blue are other ones than sRGB's (ICC.1)."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(profile[128:132], "big")
    places = {}
    for number in range(count):
        entry = profile[132 + 12 * number : 144 + 12 * number]
        places[bytes(entry[:4])] = int.from_bytes(entry[4:8], "big")
    red, blue = places[b"rXYZ"], places[b"bXYZ"]
    profile[red : red + 20], profile[blue : blue + 20] = (
        profile[blue : blue + 20],
        profile[red : red + 20],
    )
    return bytes(profile)


def test_colours_are_read_by_their_profile():
    # In this profile what is written as red shines blue.
    picture = Image.new("RGB", (200, 200), (255, 0, 0))
    found = large(saved(picture, "PNG", icc_profile=wide_gamut())).getpixel((100, 100))
    assert is_near(found, (0, 0, 255))


def test_photo_for_print_is_shown_in_its_colours():
    assert is_near(large(saved(drawn(mode="CMYK"), "JPEG")).getpixel((100, 100)), GREEN)


@pytest.mark.parametrize(("mode", "kind"), [("L", "JPEG"), ("LA", "PNG"), ("1", "PNG")])
def test_grey_photo_stays_grey(mode, kind):
    picture = Image.new("L", (200, 200), 255)
    picture.paste(0, (0, 0, 100, 200))
    found = large(saved(picture.convert(mode), kind))
    assert is_near(found.getpixel((50, 100)), (0, 0, 0))
    assert is_near(found.getpixel((150, 100)), WHITE)


def test_16_bit_photo_keeps_its_greys():
    picture = Image.new("I;16", (300, 200), 32_768)
    picture.paste(65_535, (0, 0, 100, 200))
    picture.paste(0, (200, 0, 300, 200))
    found = large(saved(picture, "PNG"))
    assert is_near(found.getpixel((20, 100)), WHITE)
    assert is_near(found.getpixel((100, 100)), (128, 128, 128))
    assert is_near(found.getpixel((180, 100)), (0, 0, 0))


def see_through(mode):
    picture = Image.new("RGBA", (200, 200), (*RED, 0))
    picture.paste((*GREEN, 255), (0, 0, 100, 200))
    return saved(picture.convert(mode), "PNG")


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_what_is_see_through_becomes_white(mode):
    content = see_through("RGBA") if mode == "PA" else see_through(mode)
    if mode == "PA":
        content = saved(Image.open(BytesIO(content)).quantize(8), "PNG")
        assert Image.open(BytesIO(content)).mode == "P"
    found = large(content)
    assert is_near(found.getpixel((180, 100)), WHITE)
    assert not is_near(found.getpixel((20, 100)), WHITE)


def test_one_colour_that_is_see_through_becomes_white():
    picture = Image.new("RGB", (200, 200), RED)
    found = large(saved(picture, "PNG", transparency=RED))
    assert is_near(found.getpixel((100, 100)), WHITE)


# Large ones


def test_12_megapixels_of_a_phone_are_taken():
    assert large(photo(width=4000, height=3000, quality=60)).size == (512, 512)


def test_second_view_in_a_phone_s_jpeg_is_no_animation():
    views = [drawn(400, 400), drawn(400, 400, background=RED)]
    content = saved(views[0], "MPO", save_all=True, append_images=views[1:])
    assert Image.open(BytesIO(content)).format == "MPO"
    assert is_near(large(content).getpixel((300, 300)), BLUE)


# What is refused, each in its own words


@pytest.mark.parametrize("content", [b"", b"x", b"Dear team, here is my photo.", b"\0" * 5000,
                                     b"%PDF-1.7\n", b"PK\x03\x04", b"BM" + b"\0" * 60])  # fmt: skip
def test_what_is_no_picture_is_refused(content):
    assert refusal(content) == DAMAGED


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
@pytest.mark.parametrize("part", [0.05, 0.5, 0.8])
def test_truncated_picture_is_refused(kind, part):
    content = saved(Image.effect_noise((400, 400), 60).convert("RGB"), kind)
    assert refusal(content[: int(len(content) * part)]) == DAMAGED


def test_jpeg_that_would_be_drawn_without_end_is_refused():
    assert len(make(jpeg_of_passes(20)).renditions) == 9
    assert refusal(jpeg_of_passes(100)) == DAMAGED


def test_film_behind_a_photo_is_not_taken_for_passes_of_it():
    """Phones put the second before the picture there; in films any bytes may follow each other."""
    assert len(make(photo() + b"\xff\xda\0\x08" * 1000).renditions) == 9


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF"])
def test_moving_picture_is_refused(kind):
    assert refusal(animated(kind)) == MOVES


def test_gif_is_refused_by_its_name():
    for content in (animated("GIF"), saved(drawn(), "GIF")):
        assert refusal(content) == "This is a GIF. Choose a photo: JPEG, PNG, WebP or AVIF."


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"\xef\xbb\xbf<?xml version='1.0'?>\n<svg onload='alert(1)'/>",
        b"<!-- drawn --><svg/>",
        b"\n <SVG></SVG>",
    ],
)
def test_drawing_is_refused_by_its_name(content):
    assert refusal(content) == ("This is a drawing (SVG). Choose a photo: JPEG, PNG, WebP or AVIF.")


def test_heic_is_refused_with_what_to_do():
    assert refusal(b"\0\0\0\x24ftypheic" + b"\0" * 100) == (
        "This is a HEIC picture, as iPhones take them. Open it and export it as JPEG, or send it "
        "to yourself by mail, and choose that."
    )


def test_file_of_the_most_bytes_is_taken_and_one_more_is_refused():
    content = photo()
    assert make(content + b"\0" * (MAX_BYTES - len(content)))
    assert refusal(content + b"\0" * (MAX_BYTES - len(content) + 1)) == (
        "The file is too big: at most 10 MB. Send the picture to yourself in a smaller size, or "
        "cut it to the face, and choose that."
    )


@pytest.mark.parametrize(
    ("content", "most"),
    [
        (jpeg_of(8000, 5000), 30),
        (jpeg_of(6001, 5000), 30),
        (jpeg_of(30_000, 30_000), 30),
        (png_of(8000, 5000), 30),
        (png_of(30_000, 30_000), 30),
        (png_of(4001, 4000), 16),
    ],
)
def test_too_many_pixels_are_refused_before_they_are_decoded(content, most):
    # Were they decoded, the file would be found to be damaged.
    assert refusal(content) == TOO_MANY.format(most)


def test_most_pixels_are_decoded():
    assert refusal(png_of(4000, 4000)) == DAMAGED
    assert refusal(png_of(16_000, 96 * 10)) == DAMAGED


@pytest.mark.parametrize(("width", "height"), [(1, 1), (95, 400), (400, 95), (20, 20_000)])
def test_too_few_pixels_are_refused(width, height):
    assert refusal(photo("PNG", width, height)) == (
        f"The picture is too small: {width} × {height} pixels. Choose one of at least 96 × 96."
    )


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damage_anywhere_is_refused_or_borne_and_never_a_fault(data):
    content = bytearray(
        photo(data.draw(st.sampled_from(["JPEG", "PNG", "WEBP", "AVIF"])), 100, 100)
    )
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PhotoRefused):
        assert len(make(bytes(content)).renditions) == 9
