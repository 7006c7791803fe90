"""The first thing after the demonstration: the event again on another day, by an organiser."""

from pathlib import Path

import pytest
from icalendar import Calendar


@pytest.mark.parametrize("width", [1280, 360])
def test_event_is_copied_published_and_found_at_its_new_date(open_desk, open_page, width):
    slug = f"copied-at-{width}"
    page = open_desk("/admin/events/event/", width=width)
    page.get_by_role("link", name="Roundtable 2: Working together").first.click()
    page.get_by_role("link", name="Copy to a new date").click()

    # A slip first: the address of the event itself.
    page.get_by_label("Title:").fill("Working together, again")
    page.get_by_label("Address:").fill("roundtable-2")
    page.get_by_label("Day:").fill("2021-03-27")
    page.get_by_label("Start:").fill("14:30")
    page.get_by_role("button", name="Make the copy").click()
    page.get_by_text("has this address. Choose another one.").wait_for()
    assert page.get_by_label("Day:").input_value() == "2021-03-27"
    page.get_by_label("Address:").fill(slug)
    page.get_by_role("button", name="Make the copy").click()

    page.get_by_text("is here, as a draft.").wait_for()
    assert page.locator("#id_slug").input_value() == slug
    public = open_page(width=width)
    assert public.request.get(f"/events/{slug}/").status == 404
    page.get_by_label("Published", exact=True).check()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("was changed successfully").wait_for()

    public.goto(f"/events/{slug}/")
    assert public.locator("h1").inner_text() == "Working together, again"
    assert "Saturday 27 March 2021, 14:30 – 16:30 EAT" in public.locator("main").inner_text()
    assert "The agenda is to be announced." in public.locator("main").inner_text()
    with public.expect_download() as download:
        public.get_by_role("link", name="Add to your calendar").click()
    entry = Calendar.from_ical(Path(download.value.path()).read_bytes()).walk("VEVENT")[0]
    assert entry["DTSTART"].dt.isoformat() == "2021-03-27T14:30:00+03:00"
    assert entry["DTEND"].dt.isoformat() == "2021-03-27T16:30:00+03:00"
    assert entry["SEQUENCE"] == 0


def test_moved_time_is_seen_in_the_history_and_brought_back(open_desk):
    page = open_desk("/admin/events/event/1/change/", width=360)
    page.locator("#id_agenda_items-0-minutes").fill("12")
    page.get_by_role("button", name="Save and continue editing").click()
    page.get_by_text("was changed successfully").wait_for()
    page.get_by_role("link", name="History").click()
    page.get_by_role("link", name="What changed since").first.click()
    page.get_by_role("link", name="The agenda and the people in it").click()
    page.get_by_role("button", name="Bring this back").click()
    page.get_by_text("can be taken back from there").wait_for()
    page.goto("/admin/events/event/1/change/")
    assert page.locator("#id_agenda_items-0-minutes").input_value() == "5"
