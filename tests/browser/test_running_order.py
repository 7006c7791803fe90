"""The running order in a real browser: by mouse, by finger, by keyboard, and by two at once."""

import re

import pytest
from icalendar import Calendar

from roundtable.roles import Role
from tests.live import manage

MAKE = """
from datetime import datetime, timedelta, timezone
from django.utils import timezone as real
from events.models import AgendaItem, Assignment, Event
from events.rules import record_change
from speakers.models import Speaker
Event.objects.filter(slug="{slug}").delete()
starts_at = datetime(2020, 11, 5, 9, 0, tzinfo=timezone.utc)
event = Event.objects.create(
    slug="{slug}", title="{slug}", published=True, starts_at=starts_at,
    ends_at=starts_at + timedelta(hours=2),
)
for number in range({slots}):
    AgendaItem.objects.create(
        event=event, position=number + 1, title=f"Slot {{number + 1}}", minutes=30, kind="panel"
    )
person, _ = Speaker.objects.get_or_create(slug="wangari-test", defaults=dict(name="Wangari"))
Assignment.objects.create(item=event.agenda_items.first(), speaker=person, role="panellist")
record_change(event, at=real.now())
print("event", event.pk)
"""


@pytest.fixture
def make_event(live, request):
    """Make an event of its own on the running site, and say where its pages are."""

    def make(slots=3):
        slug = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[-60:].strip("-")
        code = MAKE.format(slug=slug, slots=slots)
        done = manage("shell", "-v0", "-c", code, **live.settings)
        assert done.returncode == 0, done.stderr
        key = done.stdout.split("event ")[1].strip()
        return f"/admin/events/event/{key}/change/", f"/events/{slug}/"

    return make


def titles(page):
    return page.locator(".slots .of-title input").evaluate_all("all => all.map(one => one.value)")


def times(page):
    return page.locator(".slots .times").all_inner_texts()


def places(page):
    return page.locator(".slots .of-position input").evaluate_all(
        "all => all.map(one => one.value)"
    )


def save(page):
    page.get_by_role("button", name="Save and continue editing").click()
    page.get_by_text("was changed successfully").wait_for()


def public(page, path):
    """What anybody is given: the body and its entity tag."""
    response = page.request.get(path)
    assert response.status == 200
    return response.text(), response.headers["etag"]


def agenda_of(text):
    return re.findall(r"<h2>(.*?)</h2>", text)


def starts_of(text):
    return {
        str(entry["SUMMARY"]): entry["DTSTART"].dt.strftime("%H:%M")
        for entry in Calendar.from_ical(text).walk("VEVENT")
    }


def centre(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag_by_mouse(page, handle, to):
    page.mouse.move(*centre(handle))
    page.mouse.down()
    page.mouse.move(*to, steps=12)
    page.mouse.up()


def drag_by_finger(page, handle, to):
    """Touch, as the browser itself gets it."""
    touch = page.context.new_cdp_session(page)
    (x, y), steps = centre(handle), 12

    def send(kind, *points):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(points)})

    send("touchStart", {"x": x, "y": y})
    for step in range(1, steps + 1):
        part = step / steps
        send("touchMove", {"x": x + (to[0] - x) * part, "y": y + (to[1] - y) * part})
    send("touchEnd")


@pytest.mark.parametrize(
    ("drag", "options"),
    [
        (drag_by_mouse, {"width": 1280, "height": 1000}),
        (drag_by_finger, {"width": 360, "height": 1600, "has_touch": True, "is_mobile": True}),
    ],
    ids=["mouse", "finger"],
)
def test_dragged_slot_is_in_its_place_on_every_public_page(open_desk, make_event, drag, options):
    desk, site = make_event()
    page = open_desk(desk, **options)
    before, old_tag = public(page, f"{site}agenda/")
    assert agenda_of(before) == ["Slot 1", "Slot 2", "Slot 3"]

    page.locator(".slots").scroll_into_view_if_needed()
    page.locator("#running-order").evaluate("section => section.scrollIntoView()")
    last = page.locator(".slot").nth(2).bounding_box()
    drag(page, page.locator(".slot .drag").first, (centre(page.locator(".drag").first)[0],
                                                 last["y"] + last["height"] * 0.75))  # fmt: skip
    assert titles(page) == ["Slot 2", "Slot 3", "Slot 1"]
    assert places(page) == ["1", "2", "3"]
    assert times(page) == ["12:00 – 12:30", "12:30 – 13:00", "13:00 – 13:30"]
    told = page.locator("#running-order [role=status]")
    assert told.inner_text() == "“Slot 1” is now 3 of 3: 13:00 – 13:30."

    save(page)
    assert titles(page) == ["Slot 2", "Slot 3", "Slot 1"]
    after, new_tag = public(page, f"{site}agenda/")
    assert (agenda_of(after), new_tag != old_tag) == (["Slot 2", "Slot 3", "Slot 1"], True)
    calendar, _tag = public(page, f"{site}agenda.ics")
    assert starts_of(calendar) == {"Slot 2": "12:00", "Slot 3": "12:30", "Slot 1": "13:00"}


def test_drag_is_taken_back_by_escape(open_desk, make_event):
    page = open_desk(make_event()[0], width=1280, height=1000)
    page.locator("#running-order").evaluate("section => section.scrollIntoView()")
    handle, last = page.locator(".drag").first, page.locator(".slot").last.bounding_box()
    page.mouse.move(*centre(handle))
    page.mouse.down()
    page.mouse.move(centre(handle)[0], last["y"] + last["height"], steps=8)
    assert titles(page) == ["Slot 2", "Slot 3", "Slot 1"]
    page.keyboard.press("Escape")
    assert titles(page) == ["Slot 1", "Slot 2", "Slot 3"]
    page.mouse.up()
    assert places(page) == ["1", "2", "3"]


def test_drag_scrolls_a_long_list(open_desk, make_event):
    page = open_desk(make_event(40)[0], width=360, height=700)
    page.locator("#running-order").evaluate("section => section.scrollIntoView()")
    page.locator(".slot").first.scroll_into_view_if_needed()
    handle = page.locator(".drag").first
    page.mouse.move(*centre(handle))
    page.mouse.down()
    page.mouse.move(30, 690, steps=4)
    page.locator(".slot:nth-child(n + 10).dragged").wait_for()
    page.mouse.up()
    assert titles(page).index("Slot 1") > 8
    assert sorted(titles(page)) == sorted(f"Slot {number}" for number in range(1, 41))


@pytest.mark.parametrize("width", [360, 1280])
def test_keyboard_alone_moves_a_slot_and_the_focus_stays(open_desk, make_event, width):
    desk, site = make_event()
    page = open_desk(desk, width=width)
    _before, old_tag = public(page, f"{site}agenda/")
    button = page.get_by_role("button", name="Move “Slot 3” up")
    button.focus()
    told = page.locator("#running-order [role=status]")
    page.keyboard.press("Enter")
    assert told.inner_text() == "“Slot 3” is now 2 of 3: 12:30 – 13:00."
    page.keyboard.press("Space")
    assert told.inner_text() == "“Slot 3” is now 1 of 3: 12:00 – 12:30."
    page.keyboard.press("Enter")
    assert told.inner_text() == "“Slot 3” is the first already."
    label = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert label == "Move “Slot 3” up"
    save(page)
    after, new_tag = public(page, f"{site}agenda/")
    assert (agenda_of(after), new_tag != old_tag) == (["Slot 3", "Slot 1", "Slot 2"], True)


def test_times_and_sum_follow_the_typing(open_desk, make_event):
    page = open_desk(make_event()[0], width=360)
    total = page.locator("#running-order .sum")
    assert total.inner_text() == "The slots take 90 of 120 min: 30 min are free at the end."
    minutes = page.get_by_label("Minutes")
    minutes.nth(0).fill("60")
    assert times(page) == ["12:00 – 13:00", "13:00 – 13:30", "13:30 – 14:00"]
    assert total.inner_text() == "The slots take 120 min, exactly the event's length."
    minutes.nth(0).fill("75")
    assert total.inner_text() == "The slots take 135 of 120 min: 15 min too many."
    minutes.nth(0).fill("10000")
    assert times(page)[:2] == ["", "12:00 – 12:30"]
    minutes.nth(0).fill("30")
    page.locator("#id_starts_at_1").fill("09:15")
    assert times(page)[0] == "09:15 – 09:45"
    page.get_by_label("Delete").nth(0).check()
    assert times(page) == ["", "09:15 – 09:45", "09:45 – 10:15"]
    page.get_by_label("Place").nth(2).fill("1")
    page.get_by_label("Place").nth(2).blur()
    assert titles(page) == ["Slot 3", "Slot 1", "Slot 2"]


def test_times_follow_the_zone_and_its_clock_changes(open_desk, make_event):
    page = open_desk(make_event()[0], width=1280)
    page.locator("#id_zone").fill("Europe/Berlin")
    page.locator("#id_starts_at_0").fill("2020-10-25")
    page.locator("#id_starts_at_1").fill("02:00")
    # The clock is put back at 03:00, so 02:00 to 02:30 comes twice.
    assert times(page)[0] == "02:00 – 02:30"
    assert times(page)[1] in {"02:30 – 02:00", "02:30 – 03:00"}
    page.locator("#id_starts_at_0").fill("2020-03-29")
    page.locator("#id_starts_at_1").fill("01:30")
    assert times(page)[:2] == ["01:30 – 03:00", "03:00 – 03:30"]
    page.locator("#id_zone").fill("Nowhere")
    assert times(page)[0] == "01:30 – 02:00"


def test_new_slot_is_added_last_and_saved(open_desk, make_event):
    desk, site = make_event()
    page = open_desk(desk, width=360)
    assert titles(page) == ["Slot 1", "Slot 2", "Slot 3"]
    page.get_by_role("button", name="Add a slot").click()
    page.keyboard.type("A break for tea")
    page.get_by_label("Minutes").last.fill("15")
    page.get_by_label("Kind").last.select_option("break")
    assert times(page)[3] == "13:30 – 13:45"
    page.get_by_role("button", name="Move “A break for tea” up").click()
    page.get_by_role("button", name="Add a slot").click()
    save(page)
    assert titles(page) == ["Slot 1", "Slot 2", "A break for tea", "Slot 3"]
    assert agenda_of(public(page, f"{site}agenda/")[0])[2] == "A break for tea"


def test_without_script_the_places_are_numbers(open_desk, make_event):
    desk, site = make_event()
    page = open_desk(desk, width=360, javascript=False)
    assert page.locator(".slots .times").first.inner_text() == "12:00 – 12:30"
    assert not page.get_by_role("button", name=re.compile("Move")).count()
    page.get_by_label("Place").nth(0).fill("9")
    page.get_by_label("Title").last.fill("A break for tea")
    page.get_by_label("Minutes").last.fill("15")
    page.get_by_label("Kind").last.select_option("break")
    save(page)
    assert agenda_of(public(page, f"{site}agenda/")[0]) == [
        "Slot 2", "Slot 3", "Slot 1", "A break for tea",
    ]  # fmt: skip


@pytest.mark.parametrize("width", [360, 1280])
def test_two_organisers_at_once_lose_nothing(open_desk, make_event, width):
    desk, site = make_event()
    first = open_desk(desk, width=width, role=Role.OWNER)
    second = open_desk(desk, width=width, role=Role.ORGANISER)
    first.get_by_label("Title").nth(1).fill("Opening")
    first.get_by_role("button", name="Move “Slot 3” up").click()
    save(first)

    second.get_by_label("Title").nth(1).fill("Welcome")
    second.get_by_label("Minutes").nth(0).fill("20")
    second.get_by_role("button", name="Save and continue editing").click()
    told = second.get_by_role("alert")
    assert "Others changed this page while you were writing" in told.inner_text()
    assert "was Slot 1, now Opening; you have Welcome." in re.sub(r"[“”\"]", "", told.inner_text())
    assert "own@example.org" in told.inner_text()
    assert titles(second) == ["Welcome", "Slot 3", "Slot 2"]
    assert second.evaluate("document.documentElement.scrollWidth") <= width
    save(second)
    assert agenda_of(public(second, f"{site}agenda/")[0]) == ["Welcome", "Slot 3", "Slot 2"]
    assert times(second)[0] == "12:00 – 12:20"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_event_s_page_has_no_axe_finding_and_fits(open_desk, axe, make_event, scheme, width):
    page = open_desk(make_event()[0], width=width, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert axe(page) == []


def test_buttons_are_large_enough_for_a_finger(open_desk, make_event):
    page = open_desk(make_event()[0], width=360)
    for control in page.locator(".moves button, .drag").all():
        box = control.bounding_box()
        assert (box["width"] >= 44, box["height"] >= 44) == (True, True)
