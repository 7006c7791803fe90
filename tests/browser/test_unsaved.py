"""Leaving the event's page with something unsaved is asked about, in a real browser."""

import time

import pytest

from tests.browser.test_running_order import make_event  # noqa: F401
from tests.live import PATIENCE


@pytest.fixture
def page(open_desk, make_event):  # noqa: F811
    page = open_desk(make_event()[0], width=1280)
    page.asked = []
    page.on("dialog", lambda dialog: (page.asked.append(dialog.type), dialog.dismiss()))
    return page


def leave(page):
    """Follow a link away; return what was asked until then, or until the other page is there."""
    asked, here = len(page.asked), page.url
    page.get_by_role("link", name="Home").click(no_wait_after=True)
    deadline = time.monotonic() + PATIENCE
    while len(page.asked) == asked and page.url == here:
        assert time.monotonic() < deadline
        # Nothing arrives unless the browser is listened to.
        page.wait_for_timeout(50)
    return page.asked


def test_page_as_it_opened_is_left_without_a_word(page):
    page.locator("#id_title").click()
    assert leave(page) == []


def test_something_typed_or_moved_is_asked_about_and_saving_asks_nothing(page):
    page.get_by_role("button", name="Move “Slot 3” up").click()
    assert leave(page) == ["beforeunload"]
    page.get_by_role("button", name="Save and go on editing").click()
    page.get_by_text("was changed successfully").wait_for()
    assert page.asked == ["beforeunload"]


def test_what_was_refused_is_not_saved(page):
    page.locator("#id_title").fill("")
    page.get_by_role("button", name="Save and go on editing").click()
    heading = page.get_by_role("heading", name="Not saved yet: 1 thing to mend")
    heading.wait_for()
    assert page.evaluate("document.activeElement.id") == "problems"
    page.get_by_role("link", name="Title: This field is required.").click()
    assert page.evaluate("document.activeElement.id") == "id_title"
    assert leave(page) == ["beforeunload"]
