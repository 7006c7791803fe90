"""The organisers' own questions, of every kind, on a narrow phone."""

import pytest

from tests.browser.rows import SLUG

FORM = f"/events/{SLUG}/register/"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("javascript", [True, False])
def test_every_kind_fits_and_has_no_axe_finding(open_page, axe, rows, scheme, javascript):
    page = open_page(FORM, color_scheme=scheme, width=320, javascript=javascript)
    assert page.get_by_role("heading", name="The organisers also ask").count() == 1
    assert page.get_by_role("group", name="What do you eat?").get_by_role("radio").count() == 2
    assert page.locator("body").evaluate("body => body.scrollWidth") <= 320
    if javascript:
        assert axe(page) == []


def test_what_must_be_answered_is_asked_for_and_led_to(open_page, axe, rows):
    page = open_page(FORM, width=320)
    page.get_by_role("button", name="Take a seat").click()
    page.get_by_role("link", name="Please answer “What do you eat?”").click()
    assert page.get_by_role("radio", name="Meat").evaluate("radio => radio.matches(':target')")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert axe(page) == []
