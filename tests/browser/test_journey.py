"""The main job, by a person on a phone without JavaScript."""

import re
from pathlib import Path

import pytest
from icalendar import Calendar

from events.registration.guards import LEAST_SECONDS


def let_the_form_age(page):
    """Take as long as a person would: a faster form is asked for its button once more."""
    page.wait_for_timeout(LEAST_SECONDS * 1000 + 100)


def fill_in(page, *, name, email):
    page.get_by_label("Your name").fill(name)
    page.get_by_label("Email").fill(email)
    page.get_by_label("In the room").check()
    page.get_by_label("Which of these describes you best?").select_option("community")
    page.get_by_label("I agree that my details").check()
    page.get_by_label("I am 18 or older").check()
    page.get_by_label("I will treat everybody with respect").check()


@pytest.mark.parametrize("javascript", [False, True], ids=["without script", "with script"])
def test_person_finds_registers_changes_cancels_and_comes_back(open_page, javascript):
    address = f"wanjiru.{javascript}@example.org".lower()
    page = open_page("/", javascript=javascript)
    assert "Working together to build sustainable cities" in page.locator("h1").inner_text()
    page.get_by_role("link", name="Take a seat").first.click()
    fill_in(page, name="Wanjirũ wa O’Kamau", email=address)
    let_the_form_age(page)
    page.get_by_role("button", name="Take a seat").click()

    page.get_by_role("heading", name="Thank you. Look at your mail now").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="Add it to your calendar").click()
    entry = Calendar.from_ical(Path(download.value.path()).read_bytes()).walk("VEVENT")[0]
    assert entry["DTSTART"].dt.isoformat() == "2020-10-31T12:45:00+03:00"

    page.get_by_role("link", name="Read the mails").click()
    page.get_by_role("link", name=re.compile("Your seat is confirmed")).first.click()
    assert address in page.content()
    page.locator(".mail-text a[href*='/registrations/']").first.click()
    page.get_by_text("In the room: Confirmed").wait_for()

    page.get_by_role("link", name="Change how you take part").click()
    page.get_by_label("Online").check()
    page.get_by_role("button", name="Save the changes").click()
    page.get_by_text("Your changes are saved").wait_for()
    page.get_by_text("Online: Confirmed").wait_for()

    page.locator("summary", has_text="Give up your seat").click()
    page.get_by_role("button", name="Give up my seat").click()
    page.get_by_text("You gave up your seat. Thank you for telling us.").wait_for()

    page.get_by_label("In the room").check()
    page.get_by_role("button", name="Take a seat again").click()
    page.get_by_text("Welcome back. You have a seat again.").wait_for()
    page.get_by_text("In the room: Confirmed").wait_for()
    assert page.context.cookies() == []


def test_slip_is_named_beside_its_field_and_nothing_typed_is_lost(open_page):
    page = open_page("/events/roundtable-2/register/", javascript=False)
    page.get_by_label("Your name").fill("محمد عبد الله")
    page.get_by_label("Email").fill("not an address")
    page.locator("summary", has_text="More about you").click()
    page.get_by_label("A question for the table").fill("Who pays for the water kiosk’s repair?")
    let_the_form_age(page)
    page.get_by_role("button", name="Take a seat").click()

    summary = page.get_by_role("alert")
    assert "It looks like name@example.org" in summary.inner_text()
    assert page.get_by_label("Your name").input_value() == "محمد عبد الله"
    assert page.get_by_label("Email").input_value() == "not an address"
    question = page.get_by_label("A question for the table")
    assert question.input_value() == "Who pays for the water kiosk’s repair?"
    assert page.get_by_label("Email").get_attribute("aria-invalid") == "true"


def test_keyboard_alone_reaches_the_button_from_the_top(open_page):
    page = open_page("/", javascript=False)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent").strip() == "Skip to the content"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent").strip() == "Take a seat":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/events/roundtable-2/register/")
