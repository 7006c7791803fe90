"""The running order on the event's page: numbers, times, minutes, people, and how many queries."""

import re
from html import unescape

import pytest

from events.admin.running_order import SlotForm
from events.models import AgendaItem, Assignment, Event
from tests.desk import address, problems, read, save, saved
from tests.factories import (
    make_assignment,
    make_event,
    make_group,
    make_organiser,
    make_registration,
    make_speaker,
)

pytestmark = pytest.mark.django_db
SLOT = {"minutes": 30, "kind": "panel"}


@pytest.fixture
def organiser(client):
    client.force_login(make_organiser())
    return client


@pytest.fixture
def event(db):
    return make_event(slug="e", items=[{**SLOT, "title": title} for title in "ABC"])


def order(event):
    return "".join(event.agenda_items.values_list("title", flat=True))


def positions(event):
    return list(event.agenda_items.values_list("position", flat=True))


def numbers(**typed):
    return {f"agenda_items__{row[1:]}__position": number for row, number in typed.items()}


def rows(response):
    """Each row of the running order as it reads: its times, and what follows its fields."""
    text = unescape(response.content.decode())
    section = text[text.index('<ol class="slots">') : text.index("</ol>")]
    found = re.findall(r'<li class="slot.*?(?=<li class="slot|\Z)', section, re.DOTALL)
    plain = (re.sub(r"<select.*?</select>|<[^>]+>", " ", row, flags=re.DOTALL) for row in found)
    return [re.sub(r"\s+", " ", row).strip() for row in plain]


# Where the slots go


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ({}, "ABC"),
        ({"r0": "9"}, "BCA"),
        ({"r2": "0"}, "CAB"),
        ({"r2": "-4"}, "CAB"),
        ({"r0": "2", "r1": "1"}, "BAC"),
        ({"r0": "3", "r2": "1"}, "CBA"),
        ({"r0": "3"}, "BCA"),
        ({"r0": "2"}, "BAC"),
        ({"r2": "2"}, "ACB"),
        ({"r0": "1", "r1": "1", "r2": "1"}, "BCA"),
        ({"r0": "", "r1": "", "r2": ""}, "ABC"),
        ({"r1": ""}, "ABC"),
        ({"r0": "9", "r1": ""}, "CAB"),
        ({"r0": "99999999999"}, "BCA"),
    ],
)
def test_rows_follow_their_numbers_and_are_numbered_from_one(organiser, event, typed, expected):
    assert saved(save(organiser, event, **numbers(**typed)))
    assert (order(event), positions(event)) == (expected, [1, 2, 3])


def test_numbers_that_stood_in_the_database_any_way_are_put_right(organiser, event):
    AgendaItem.objects.update(position=0)
    assert read(organiser.get(address(event)))["agenda_items-2-position"] == "3"
    assert saved(save(organiser, event))
    assert (order(event), positions(event)) == ("ABC", [1, 2, 3])


def test_number_that_is_none_is_refused_at_its_row(organiser, event):
    response = save(organiser, event, agenda_items__1__position="first")
    assert problems(response) == {"agenda_items-1-position": ["Enter a whole number."]}
    assert read(response)["agenda_items-1-position"] == "first"


@pytest.mark.parametrize(
    ("number", "expected"), [("", "ABCN"), ("1", "NABC"), ("3", "ABNC"), ("0", "NABC")]
)
def test_new_slot_comes_last_or_where_its_number_says(organiser, event, number, expected):
    new = {"title": "N", "minutes": "5", "kind": "break", "position": number}
    assert saved(save(organiser, event, **{f"agenda_items__3__{k}": v for k, v in new.items()}))
    assert (order(event), positions(event)) == (expected, [1, 2, 3, 4])


def test_new_row_left_empty_is_no_slot(organiser, event):
    assert saved(save(organiser, event, agenda_items__3__position="2"))
    assert order(event) == "ABC"


def test_new_slot_is_a_panel_unless_something_else_is_chosen(organiser, event):
    sent = read(organiser.get(address(event)))
    assert (sent["agenda_items-3-kind"], sent["agenda_items-0-kind"]) == (["panel"], ["panel"])
    event.agenda_items.update(kind="break")
    assert read(organiser.get(address(event)))["agenda_items-0-kind"] == ["break"]
    assert saved(save(organiser, event, agenda_items__3__title="N", agenda_items__3__minutes="5"))
    assert event.agenda_items.get(title="N").kind == "panel"
    add = read(organiser.get(f"/admin/events/agendaitem/add/?event={event.pk}"))
    assert add["kind"] == ["panel"]


def test_deleted_slot_leaves_no_hole(organiser, event):
    assert saved(save(organiser, event, agenda_items__1__DELETE="on"))
    assert (order(event), positions(event)) == ("AC", [1, 2])


def test_deleted_slot_s_minutes_may_be_anything(organiser, event):
    typed = {"agenda_items__1__DELETE": "on", "agenda_items__1__minutes": "none"}
    assert saved(save(organiser, event, **typed))
    assert order(event) == "AC"


def test_form_that_comes_back_shows_the_order_typed(organiser, event):
    response = save(organiser, event, **numbers(r0="9"), agenda_items__1__minutes="0")
    assert [row.form["title"].value() for row in sets(response).rows()] == ["B", "C", "A", ""]
    assert order(event) == "ABC"


def sets(response):
    return response.context["inline_admin_formsets"][0].formset


def test_slot_of_another_event_is_not_moved_by_a_forged_row(organiser, event):
    other = make_event(items=[{**SLOT, "title": "Theirs"}])
    item = other.agenda_items.get()
    save(organiser, event, agenda_items__0__id=item.pk, agenda_items__0__title="Mine")
    item.refresh_from_db()
    assert (item.title, item.event, order(event)) == ("Theirs", other, "ABC")


# Times and minutes


def test_start_and_end_of_each_slot_are_shown(organiser, event):
    times = [row[:13] for row in rows(organiser.get(address(event)))]
    assert times[:3] == ["12:45 – 13:15", "13:15 – 13:45", "13:45 – 14:15"]


def test_times_are_those_typed_while_something_else_is_refused(organiser, event):
    response = save(organiser, event, zone="Asia/Kathmandu", starts_at_1="10:00", number="two",
                    agenda_items__0__minutes="20", agenda_items__1__DELETE="on")  # fmt: skip
    times = [row[:13] for row in rows(response)]
    assert (times[0], times[2]) == ("10:00 – 10:20", "10:20 – 10:50")
    assert not re.match(r"\d", times[1])


def test_times_follow_the_clock_that_is_put_back_in_the_night(organiser):
    from datetime import UTC, datetime

    # 25 October 2020 in Berlin: at 03:00 it is 02:00 once more.
    event = make_event(
        slug="night", zone="Europe/Berlin", starts_at=datetime(2020, 10, 25, 0, 30, tzinfo=UTC),
        items=[{**SLOT, "title": title} for title in "ABC"],
    )  # fmt: skip
    times = [row[:13] for row in rows(organiser.get(address(event)))]
    assert times[:3] == ["02:30 – 02:00", "02:00 – 02:30", "02:30 – 03:00"]


@pytest.mark.parametrize(
    "minutes", ["0", "-5", "601", "10000", "1.5", "half an hour", "9" * 30, "9" * 5000]
)
@pytest.mark.parametrize("row", [0, 3])
def test_minutes_beyond_1_to_600_are_refused_at_their_row(organiser, event, minutes, row):
    typed = {f"agenda_items__{row}__minutes": minutes, f"agenda_items__{row}__title": "Typed"}
    typed |= {f"agenda_items__{row}__kind": "panel"}
    response = save(organiser, event, **typed)
    assert problems(response) == {
        f"agenda_items-{row}-minutes": ["Give the minutes as a whole number from 1 to 600."]
    }
    assert read(response)[f"agenda_items-{row}-minutes"] == minutes
    assert read(response)[f"agenda_items-{row}-title"] == "Typed"
    assert order(event) == "ABC"


@pytest.mark.parametrize("minutes", ["1", "600", " 45 "])
def test_minutes_from_1_to_600_are_taken(organiser, event, minutes):
    assert saved(save(organiser, event, agenda_items__0__minutes=minutes))
    assert event.agenda_items.first().minutes == int(minutes)


def test_slot_s_own_page_refuses_such_minutes_too(organiser, event):
    response = save(organiser, event.agenda_items.first(), minutes="0", title="Typed")
    assert problems(response) == {"minutes": [str(SlotForm.WRONG_MINUTES)]}
    assert read(response)["title"] == "Typed"


# People, and what needs attention


def test_people_are_text_with_a_link_to_the_slot_s_page(organiser, event):
    slot = event.agenda_items.first()
    make_assignment(slot, make_speaker("Wangari"), status="invited", presence="remote")
    make_assignment(slot, None, role="moderator", status="proposed")
    response = organiser.get(address(event))
    assert rows(response)[0].endswith(
        "Panellist: Wangari invited, remote Moderator: to be announced proposed Who speaks in “A”"
    )
    assert f'href="{address(slot)}?from=event"' in response.content.decode()


def test_saving_the_slot_leads_back_to_the_running_order(organiser, event):
    slot = event.agenda_items.first()
    sent = read(organiser.get(address(slot)))
    back = organiser.post(f"{address(slot)}?from=event", sent)
    assert back["Location"] == f"{address(event)}#running-order"
    assert organiser.post(address(slot), sent)["Location"] == "/admin/events/agendaitem/"


def test_slot_added_on_its_own_page_comes_last(organiser, event):
    url = "/admin/events/agendaitem/add/"
    sent = read(organiser.get(url)) | {"event": event.pk, "title": "N", "kind": "break"}
    assert saved(organiser.post(url, sent | {"minutes": "5"}))
    assert (order(event), positions(event)) == ("ABCN", [1, 2, 3, 4])


def test_banner_says_how_the_sum_stands_and_names_what_needs_attention(organiser, event):
    first, second, _third = event.agenda_items.all()
    make_assignment(first, make_speaker("Wangari"), status="invited")
    make_assignment(second, make_speaker("Thomas", group=make_group("cso", in_note=True)))
    make_group("youth", label="Youth groups", in_note=True)
    text = unescape(organiser.get(address(event)).content.decode())
    banner = text[text.index('<div class="banner">') : text.index('<ol class="slots">')]
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", banner))
    assert "The slots take 90 of 120 min: 30 min are free at the end." in said
    assert "Nobody is in this slot yet: “C”." in said
    assert "Not confirmed yet: Wangari in “A”." in said
    assert "names this group, and nobody of it is on the panel: Youth groups." in said
    assert "The running order: 3 points need attention." in text


def test_banner_after_a_refused_save_tells_of_what_is_saved(organiser, event):
    response = save(organiser, event, starts_at_0="2021-10-31", number="two")
    assert b"Nobody is in these slots yet" in response.content


def test_event_without_slots_has_its_page(organiser):
    event = make_event()
    response = organiser.get(address(event))
    assert "The slots take 0 of 120 min: 120 min are free at the end." in response.content.decode()
    assert b"need attention" not in response.content


def test_new_event_has_a_running_order_too(organiser):
    url = "/admin/events/event/add/"
    sent = read(organiser.get(url)) | {
        "title": "Anew", "slug": "anew", "starts_at_0": "2020-11-01", "starts_at_1": "12:45",
        "ends_at_0": "2020-11-01", "ends_at_1": "13:45", "agenda_items-0-title": "A",
        "agenda_items-0-minutes": "60", "agenda_items-0-kind": "panel",
    }  # fmt: skip
    assert saved(organiser.post(url, sent))
    assert (order(Event.objects.get()), positions(Event.objects.get())) == ("A", [1])


def test_who_may_only_look_sees_the_running_order_without_fields(client, event):
    from django.contrib.auth.models import Permission

    reader = make_organiser("reader")
    reader.is_superuser = False
    reader.save()
    looks = Permission.objects.filter(codename__startswith="view_")
    reader.user_permissions.set(looks)
    client.force_login(reader)
    make_assignment(event.agenda_items.first(), make_speaker("Wangari"))
    response = client.get(address(event))
    assert rows(response)[0] == (
        "12:45 – 13:15 A · 30 min · Panel Panellist: Wangari confirmed Who speaks in “A”"
    )
    assert "agenda_items-0-title" not in response.content.decode()
    assert len(rows(response)) == 3


# However many


@pytest.mark.parametrize("number", [1, 3, 300])
def test_page_costs_a_constant_number_of_queries(organiser, number, django_assert_num_queries):
    event = make_event(items=[{**SLOT, "title": "A", "minutes": 1}] * number)
    speaker = make_speaker(group=make_group(in_note=True))
    people = [
        Assignment(item=item, speaker=speaker, role="panellist", status="invited")
        for item in event.agenda_items.all()
    ]
    Assignment.objects.bulk_create(people)
    make_registration(event)
    organiser.get(address(event))
    with django_assert_num_queries(QUERIES):
        response = organiser.get(address(event))
    assert len(rows(response)) == number + 1


QUERIES = 22


def test_300_slots_are_saved(organiser):
    event = make_event(items=[{**SLOT, "title": "A", "minutes": 1}] * 300)
    assert saved(save(organiser, event, agenda_items__299__position="1",
                      agenda_items__299__title="Last"))  # fmt: skip
    assert event.agenda_items.first().title == "Last"
