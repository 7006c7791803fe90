"""The organisers' desk in a real browser, on a phone and on a wide screen."""

import re

import pytest

from roundtable.roles import Role
from tests.browser.axe import DJANGOS

# Lists and forms that every install has rows for.
PAGES = [
    "/admin/",
    "/admin/events/event/",
    "/admin/events/event/add/",
    "/admin/events/event/deleted/",
    "/admin/events/agendaitem/",
    "/admin/events/agendaitem/add/",
    "/admin/events/conceptnote/",
    "/admin/events/conceptnote/add/",
    "/admin/events/venue/add/",
    "/admin/events/series/add/",
    "/admin/speakers/speaker/",
    "/admin/speakers/speaker/add/",
    "/admin/speakers/stakeholdergroup/",
    "/admin/speakers/voice/",
    "/admin/registration/registration/",
    "/admin/registration/registration/export/",
    "/admin/registration/personaldataaccess/",
    "/admin/outbox/outboxmail/",
    "/admin/auth/user/",
    "/admin/auth/user/add/",
]
# Pages of a row, as tests/browser/rows.py names them.
PAGES_OF_ROWS = [
    "event", "preview", "history", "compare", "restore", "copy", "slot", "note", "speaker",
    "history of the speaker", "delete the speaker", "venue", "delete the venue", "series", "group",
    "registration", "decline", "give up", "address", "erase", "colleague", "mail",
]  # fmt: skip
# Where it is narrow, and where it is dark.
LOOKS = [(360, "light"), (1280, "dark")]


@pytest.fixture
def look(open_desk, axe):
    """Open a page of the desk and check that it fits, keeps the policy, and keeps nobody out."""

    def look_(path, *, role=Role.OWNER):
        page = open_desk(path, role=role)
        assert page.locator("h1").count() == 1
        look_again(page)
        return page

    def look_again(page):
        for width, scheme in LOOKS:
            page.set_viewport_size({"width": width, "height": 780})
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert axe(page) == []

    look_.again = look_again
    return look_


@pytest.mark.parametrize("path", PAGES)
def test_page_of_the_desk_fits_and_has_no_axe_finding(look, path):
    look(path)


@pytest.mark.parametrize("name", PAGES_OF_ROWS)
def test_page_of_a_row_fits_and_has_no_axe_finding(look, rows, name):
    look(rows[name])


def test_every_row_of_the_tests_has_its_page(rows):
    assert sorted(rows) == sorted(PAGES_OF_ROWS)


def test_support_asked_for_fits_and_has_no_axe_finding(look, rows):
    page = look("/admin/registration/registration/support/", role=Role.ACCESS_OFFICER)
    page.get_by_label("Event").select_option(label="Water, roads and street light")
    page.get_by_role("button", name="Show").click()
    page.get_by_text("Kenyan Sign Language", exact=True).wait_for()
    look.again(page)


def test_question_before_many_are_declined_has_no_axe_finding(open_desk, look, rows):
    page = open_desk("/admin/registration/registration/")
    page.locator(".action-select").first.check()
    page.locator("select[name=action]").select_option("decline")
    page.locator(".actions button[type=submit]").click()
    page.get_by_text("You chose 1 person.").wait_for()
    look.again(page)


def test_form_that_was_refused_has_no_axe_finding(open_desk, look, rows):
    page = open_desk(rows["event"])
    page.get_by_role("button", name="Add another Way to take part").click()
    page.get_by_role("button", name="Add another Group").click()
    page.get_by_label("Start: date").fill("someday")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Enter a valid date.", exact=True).wait_for()
    look.again(page)


def test_what_opens_on_a_form_has_only_django_s_axe_findings(open_desk, axe, rows):
    page = open_desk(rows["event"])
    for link in ("#calendarlink0", "#clocklink0"):
        page.locator(link).click()
        assert {rule for rule, _element in axe(page)} == DJANGOS
        page.keyboard.press("Escape")
    page.get_by_role("combobox", name=re.compile("^Series:.*Valuing our communities")).click()
    page.get_by_role("searchbox", name="Series").wait_for()
    assert {rule for rule, _element in axe(page)} == DJANGOS


def test_inputs_of_a_form_say_what_they_are_for(open_desk, rows):
    page = open_desk(rows["event"], width=1280)
    for name, value in [
        ("Start: date", "2020-11-20"), ("Start: time", "12:45:00"), ("End: date", "2020-11-20"),
        ("Opens: date", "2020-10-07"), ("Closes: time", ""), ("Kept until: date", "2020-10-31"),
    ]:  # fmt: skip
        assert page.get_by_role("textbox", name=name, exact=True).input_value() == value
    assert page.get_by_role("combobox", name="Way to take part").count() == 3


def test_box_of_a_person_just_added_to_a_slot_has_its_name(open_desk, rows):
    page = open_desk(rows["slot"], width=360)
    # Two people, and a row to add one by without a script.
    assert page.get_by_role("combobox", name="Speaker").count() == 3
    page.get_by_role("button", name="Add another Person in a slot").click()
    box = page.get_by_role("combobox", name="Speaker").nth(3)
    box.select_option("Wangari wa Kariuki")
    assert box.locator("option:checked").inner_text() == "Wangari wa Kariuki"


def test_lists_are_called_by_what_they_list(open_desk, rows):
    titles = {}
    for path in ("events/event", "registration/registration", "auth/user"):
        page = open_desk(f"/admin/{path}/", width=360)
        titles[path] = (page.locator("h1").inner_text(), page.title())
    assert titles == {
        "events/event": ("Events", "Events · Roundtable"),
        "registration/registration": ("Registrations", "Registrations · Roundtable"),
        "auth/user": ("Colleagues", "Colleagues · Roundtable"),
    }


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_form_of_an_event_shows_its_times_without_the_reader_s_zone(open_desk, rows, width):
    # The browser is three hours behind the place.
    page = open_desk(rows["event"], width=width, timezone_id="UTC")
    assert page.locator(".timezonewarning").count() > 0
    assert page.locator(".timezonewarning:visible").count() == 0


@pytest.mark.parametrize("width", [360, 768])
def test_rows_of_a_table_are_read_without_scrolling_sideways(open_desk, rows, width):
    page = open_desk(rows["slot"], width=width)
    table = page.locator("#assignments-group")
    assert table.evaluate("group => group.scrollWidth - group.clientWidth") == 0
    assert table.locator("label:visible", has_text="Status").count() == 3


def test_title_has_as_much_room_as_a_longer_text(open_desk, rows):
    page = open_desk(rows["speaker"], width=1280)
    name, about = (page.locator(f"#id_{one}").bounding_box() for one in ("name", "biography"))
    assert name["width"] == about["width"]


def test_from_the_first_page_to_the_event_and_back(open_desk):
    page = open_desk(width=360)
    page.get_by_role("link", name="Event and agenda").click()
    assert page.locator("#id_title").input_value().startswith("Working together")
    page.get_by_role("link", name="Organisers' desk").click()
    page.get_by_role("link", name="View on site").click()
    assert page.locator("h1").inner_text().startswith("Working together")


def test_signing_out_closes_the_desk(open_desk, live):
    # Nobody else here is read-only: signing out ends that session for good.
    page = open_desk(role=Role.READ_ONLY)
    page.get_by_role("button", name="Sign out").click()
    page.goto("/admin/")
    assert page.url.startswith(f"{live.origin}/accounts/login/")
