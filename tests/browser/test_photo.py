"""A photo, from the organiser's file to the profile that everybody reads."""

import re

import pytest

from tests.speakers.pictures import like_a_camera, photo

SHOWS = "She stands at a market stall, laughing."
REFUSED = (
    "This file is damaged, or it is no picture. Open it to see whether it shows; "
    "then choose a JPEG, PNG, WebP or AVIF."
)
# What the page shows of the picture: whether it came, which file, and what is said of it.
PICTURE = """picture => ({
    loaded: picture.complete && picture.naturalWidth > 0,
    kind: picture.currentSrc.split(".").pop(),
    alt: picture.alt,
})"""


def jpeg(content):
    return {"name": "IMG_2031.JPG", "mimeType": "image/jpeg", "buffer": content}


@pytest.mark.parametrize("width", [360, 1280])
def test_photo_goes_from_file_to_profile(open_desk, open_page, width):
    page = open_desk("/admin/speakers/speaker/add/", width=width)
    page.get_by_label("Name:").fill(f"Njeri at {width}")
    page.get_by_label("Choose a photo").set_input_files(jpeg(like_a_camera(seed=width)))
    page.get_by_label("What the photo shows").fill(SHOWS)
    page.get_by_role("button", name="Save and continue editing").click()
    page.get_by_text("was added successfully").wait_for()
    assert page.get_by_role("img", name=SHOWS).evaluate(PICTURE) == {
        "loaded": True, "kind": "jpg", "alt": SHOWS,
    }  # fmt: skip

    profile = open_page(f"/speakers/njeri-at-{width}/", width=width)
    assert profile.locator("h1").inner_text() == f"Njeri at {width}"
    profile.wait_for_load_state("load")
    # This browser knows the smallest of the three kinds.
    assert profile.locator("main picture img").evaluate(PICTURE) == {
        "loaded": True, "kind": "avif", "alt": SHOWS,
    }  # fmt: skip
    assert profile.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [360, 1280])
def test_refused_photo_is_told_at_its_field_and_nothing_typed_is_lost(open_desk, axe, width):
    page = open_desk("/admin/speakers/speaker/add/", width=width)
    page.get_by_label("Name:").fill("Njeri wa Gakuru")
    page.get_by_label("About").fill("Keeps the kiosks running.")
    page.get_by_label("Choose a photo").set_input_files(jpeg(photo()[:-800]))
    page.get_by_label("What the photo shows").fill(SHOWS)
    page.get_by_role("button", name="Save", exact=True).click()
    field = page.locator(".field-photo_file")
    field.locator(".errorlist").wait_for()
    assert field.locator(".errorlist").inner_text() == REFUSED
    assert page.get_by_label("Name:").input_value() == "Njeri wa Gakuru"
    assert page.get_by_label("About").input_value() == "Keeps the kiosks running."
    assert page.get_by_label("What the photo shows").input_value() == SHOWS
    assert page.get_by_label(re.compile("Address")).input_value() == "njeri-wa-gakuru"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe(page) == []
    assert page.request.get("/speakers/njeri-wa-gakuru/").status == 404
