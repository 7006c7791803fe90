"""Somebody who came on paper or by phone: entered by an organiser with no more than a name."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from events.models import Event, Venue
from events.registration import rules
from events.registration.admin.entering import EnterForm
from events.registration.exports import COLUMNS, chunks
from events.registration.models import (
    AttendanceMode,
    HistoryEntry,
    PersonalDataAccess,
    Registration,
    RegistrationSettings,
)
from events.registration.queries import table_of
from events.registration.rules import Obstacle, Refused
from events.registration.seats import Reason
from events.registration.table import State
from tests.factories import (
    AT,
    NOW,
    START,
    make_details,
    make_event,
    make_group,
    make_organiser,
    make_registration,
)
from tests.registration.people import held_by, last_mail, lost_from, mails, outbox, rows, words

pytestmark = pytest.mark.django_db
LIST = "/admin/registration/registration/"
ADD = f"{LIST}add/"


@pytest.fixture(autouse=True)
def before_the_event(settings):
    settings.ROUNDTABLE_CLOCK = NOW


@pytest.fixture
def achieng():
    return make_organiser(first_name="Achieng", last_name="Odhiambo")


@pytest.fixture
def organiser(achieng):
    client = Client()
    client.force_login(achieng)
    return client


@pytest.fixture
def event():
    return make_event(number=2, quotas={"in_room": 1, "online": None})


def enter(event, by, name="Otieno", *, now=NOW, **told):
    return rules.enter(event, name=name, by=by, now=now, at=AT, **told)


def standing(event):
    return [
        (row.name, str(row.in_force))
        for row in Registration.objects.filter(event=event).order_by("pk")
    ]


# The rule


def test_a_name_is_enough(event, achieng):
    otieno = enter(event, achieng)
    assert str(otieno.seat) == "In the room: Confirmed"
    assert (otieno.country.code, otieno.email, otieno.county, otieno.phone) == ("KE", None, "", "")
    group = otieno.group
    assert (group.code, group.label, group.offered, group.in_note) == (
        "not_told", "Not told", False, False,
    )  # fmt: skip
    assert len(otieno.code) == 8
    assert list(otieno.consents.all()) == []
    assert outbox() == []
    (entry,) = otieno.history.all()
    assert (entry.what, entry.by, entry.by_name) == ("registered", achieng, "Achieng Odhiambo")
    assert (entry.why, entry.mode) == ("free", "in_room")


def test_all_that_is_told_is_kept_and_what_was_agreed_to_is_noted(event, achieng):
    otieno = enter(
        event,
        achieng,
        mode=AttendanceMode.ONLINE,
        group=make_group("cso"),
        country="KE",
        county="032",
        organisation="Bodaboda Riders",
        phone="0700 000000",
        email="otieno@example.org",
        consents={"processing": True, "adult": True},
    )
    assert str(otieno.seat) == "Online: Confirmed"
    assert (otieno.group.code, otieno.county, otieno.organisation, otieno.phone, otieno.code) == (
        "cso", "032", "Bodaboda Riders", "0700 000000", None,
    )  # fmt: skip
    assert list(otieno.consents.values_list("purpose", "given", "channel").order_by("purpose")) == [
        ("adult", True, "admin"),
        ("processing", True, "admin"),
    ]
    assert last_mail()["Subject"] == f"Your seat is confirmed: {event.name}"
    assert last_mail()["To"] == "Otieno <otieno@example.org>"


def test_who_finds_no_seat_waits_and_the_hall_is_not_overbooked(event, achieng):
    enter(event, achieng)
    enter(event, achieng, "Akinyi")
    assert standing(event) == [
        ("Otieno", "In the room: Confirmed"),
        ("Akinyi", "In the room: On the waiting list"),
    ]


def test_a_seat_kept_for_a_group_is_not_for_whoever_told_none(event, achieng):
    event.kept_seats.create(
        mode="in_room", group=make_group("cso"), seats=1, until=NOW + timedelta(days=1)
    )
    assert str(enter(event, achieng).in_force) == "In the room: On the waiting list"
    assert str(enter(event, achieng, group=make_group("cso")).seat) == "In the room: Confirmed"


@pytest.mark.parametrize(
    "window",
    [
        {"opens_at": NOW + timedelta(days=1)},
        {"closes_at": NOW - timedelta(days=1)},
        {"stopped": True},
        {"approval": True},
    ],
    ids=["not open yet", "closed", "stopped", "looked at first"],
)
def test_organisers_enter_people_whether_or_not_others_can_register(event, achieng, window):
    RegistrationSettings.objects.filter(event=event).update(**window)
    assert str(enter(event, achieng).seat) == "In the room: Confirmed"


def test_nobody_goes_past_those_who_wait_while_no_seats_are_given(event, achieng):
    first = make_registration(event)
    make_registration(event, email="akinyi@example.org", name="Akinyi")
    RegistrationSettings.objects.filter(event=event).update(stopped=True)
    rules.cancel(first, now=NOW, at=AT)
    enter(event, achieng)
    assert standing(event)[1:] == [
        ("Akinyi", "In the room: On the waiting list"),
        ("Otieno", "In the room: On the waiting list"),
    ]


@pytest.mark.parametrize(
    ("change", "now", "reason"),
    [
        ({"status": Event.Status.CANCELLED}, NOW, Reason.CANCELLED),
        ({}, START + timedelta(hours=2), Reason.OVER),
    ],
    ids=["cancelled", "over"],
)
def test_nobody_is_entered_for_what_does_not_take_place(event, achieng, change, now, reason):
    Event.objects.filter(pk=event.pk).update(**change)
    before = rows()
    with pytest.raises(Refused) as refusal:
        enter(event, achieng, now=now)
    assert refusal.value.reason == reason
    assert rows() == before


def test_one_can_be_entered_until_the_very_end(event, achieng):
    assert enter(event, achieng, now=START + timedelta(hours=2, seconds=-1)).seat


def test_a_way_that_is_not_offered_is_refused(achieng):
    event = make_event(quotas={"online": None})
    with pytest.raises(Refused) as refusal:
        enter(event, achieng, mode=AttendanceMode.IN_ROOM)
    assert refusal.value.reason == Reason.NOT_OFFERED
    assert str(enter(event, achieng).seat) == "Online: Confirmed"


def test_an_event_that_offers_nothing_is_refused(achieng):
    event = make_event()
    event.quotas.all().delete()
    with pytest.raises(Refused) as refusal:
        enter(event, achieng)
    assert refusal.value.reason == Reason.NOT_OFFERED


def test_an_address_that_is_registered_is_refused(event, achieng):
    make_registration(event)
    before = rows()
    with pytest.raises(Refused) as refusal:
        enter(event, achieng, email="WANJIRU@example.org")
    assert refusal.value.reason == Obstacle.ADDRESS_TAKEN
    assert rows() == before


def test_the_same_form_sent_twice_counts_once(event, achieng):
    first = enter(event, achieng, submission="one")
    assert enter(event, achieng, submission="one") == first
    assert enter(event, achieng, submission="two") != first
    assert Registration.objects.count() == 2


# The table and the export


def test_who_told_no_group_makes_none_missing_and_stands_in_exports(event, achieng):
    make_group("cso", in_note=True)
    enter(event, achieng)
    table = table_of(event)
    stands = [(row.group.code, row.state, row.registered) for row in table.rows]
    assert stands == [("cso", State.MISSING, 0), ("not_told", State.MET, 1)]
    assert [place.label for place in table.places] == ["Group cso"]
    columns = [column for column in COLUMNS if column.name in {"name", "group"}]
    assert list(chunks(Registration.objects.all(), columns)) == [[["Otieno", "Not told"]]]


# The page


def typed(client, **changes):
    """The form as the page gives it, filled in; None takes an answer away."""
    held = {name: values[0] for name, values in held_by(client.get(ADD)).items()}
    return {name: value for name, value in {**held, **changes}.items() if value is not None}


def test_an_organiser_enters_a_name_and_reads_out_the_code(organiser, event):
    shown = words(organiser.get(LIST))
    assert f'href="{ADD}' in shown
    response = organiser.post(ADD, typed(organiser, event=event.pk, name=" Otieno "), follow=True)
    otieno = Registration.objects.get()
    assert (otieno.name, str(otieno.seat)) == ("Otieno", "In the room: Confirmed")
    assert response.redirect_chain == [(f"{LIST}{otieno.pk}/change/", 302)]
    assert f'<strong class="code">{otieno.code_written}</strong>' in words(response)
    assert [str(said) for said in response.context["messages"]] == [
        "Otieno has a seat: In the room. There is a code to hand over, below."
    ]
    seen = PersonalDataAccess.objects.filter(reference=otieno.reference)
    assert list(seen.values_list("what", flat=True).order_by("what")) == ["person", "support"]


def test_who_waits_is_told_as_such_and_an_address_gets_its_mail(organiser, event):
    make_registration(event)
    form = typed(organiser, event=event.pk, name="Otieno", email="otieno@example.org")
    response = organiser.post(ADD, form, follow=True)
    assert [str(said) for said in response.context["messages"]] == [
        "Otieno waits for a seat: In the room. A mail is on its way."
    ]
    assert 'class="code"' not in words(response)
    assert len(mails("otieno@example.org")) == 1


def test_what_was_agreed_to_is_noted_as_told_to_an_organiser(organiser, event):
    form = typed(organiser, event=event.pk, name="Otieno", agreed=["processing", "photographs"])
    organiser.post(ADD, form)
    consents = Registration.objects.get().consents.order_by("purpose")
    assert list(consents.values_list("purpose", "given", "channel")) == [
        ("photographs", True, "admin"),
        ("processing", True, "admin"),
    ]


def test_pressed_twice_it_is_one_person(organiser, event):
    form = typed(organiser, event=event.pk, name="Otieno")
    organiser.post(ADD, form)
    organiser.post(ADD, form)
    assert Registration.objects.count() == 1
    organiser.post(ADD, {**form, "name": "Akinyi"})
    assert Registration.objects.count() == 2


def test_a_known_address_leads_to_whose_it_is(organiser, event):
    wanjiru = make_registration(event)
    form = typed(organiser, event=str(event.pk), name="Wanjiru", email="Wanjiru@example.org")
    before = rows()
    response = organiser.post(ADD, form)
    assert rows() == before
    assert (
        "This address is registered for this event already. "
        f'<a href="{LIST}{wanjiru.pk}/change/">Look at this registration</a>'
    ) in words(response)
    assert lost_from(response, form) == {"csrfmiddlewaretoken"}


def test_somebody_who_registers_in_between_leads_there_too(organiser, event, monkeypatch):
    form = typed(organiser, event=event.pk, name="Wanjiru", email="wanjiru@example.org")
    looked = EnterForm.clean

    def and_then_she_registers(self):
        cleaned = looked(self)
        make_registration(event)
        return cleaned

    monkeypatch.setattr(EnterForm, "clean", and_then_she_registers)
    shown = words(organiser.post(ADD, form))
    assert f'<a href="{LIST}{Registration.objects.get().pk}/change/">' in shown


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"event": ""}, "Please choose an event."),
        ({"event": "999999"}, "Please choose one of the events in the list."),
        ({"name": "  "}, "Please write the name."),
        ({"name": "?!"}, "Please write the name in letters."),
        ({"name": "n" * 201}, "Please shorten this to 200 characters. You wrote 201."),
        ({"mode": "by_radio"}, "Please choose one of the ways in the list."),
        ({"group": "gone"}, "Please choose one of the groups in the list."),
        ({"country": "XX"}, "Please choose one of the countries in the list."),
        ({"county": "999"}, "Please choose one of the counties in the list."),
        (
            {"county": "032", "country": "UG"},
            "You chose a county of Kenya and another country. Please clear one of them.",
        ),
        ({"phone": "later"}, "Please write the number in digits, such as +254 700 000000."),
        ({"email": "otieno"}, "This is not an email address. It looks like name@example.org."),
        ({"agreed": ["all"]}, "Please choose from the list."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(organiser, event, changes, said):
    form = typed(organiser, **{"event": event.pk, "name": "Otieno", **changes})
    before = rows()
    response = organiser.post(ADD, form)
    assert said in words(response)
    assert rows() == before


def test_a_way_that_is_not_offered_is_said_at_the_question(organiser):
    event = make_event(quotas={"online": None})
    form = typed(organiser, event=event.pk, name="Otieno", mode="in_room")
    shown = words(organiser.post(ADD, form))
    assert "This way to take part is not offered." in shown


def test_where_the_venue_has_no_country_one_is_asked_for(organiser):
    event = make_event(venue=Venue.objects.create(town="Nakuru"))
    form = typed(organiser, event=event.pk, name="Otieno")
    assert "Please choose a country: the venue has none." in words(organiser.post(ADD, form))
    organiser.post(ADD, {**form, "country": "KE"})
    assert Registration.objects.get().country.code == "KE"


def test_only_events_that_take_place_still_are_offered(organiser, event):
    make_event(status=Event.Status.CANCELLED)
    make_event(starts_at=NOW - timedelta(days=1))
    make_event(published=False)
    choices = organiser.get(ADD).context["form"].fields["event"].queryset
    assert list(choices) == [event]


def test_the_event_of_the_list_is_chosen_already(organiser, event):
    make_event()
    shown = words(organiser.get(f"{LIST}?event__id__exact={event.pk}"))
    link = f"{ADD}?_changelist_filters=event__id__exact%3D{event.pk}"
    assert f'href="{link}"' in shown
    assert held_by(organiser.get(link))["event"] == [str(event.pk)]
    assert held_by(organiser.get(f"{ADD}?event=x"))["event"] == [""]


def test_of_several_events_one_is_to_be_chosen(organiser, event):
    assert held_by(organiser.get(ADD))["event"] == [str(event.pk)]
    other = make_event()
    assert held_by(organiser.get(ADD))["event"] == [""]
    assert held_by(organiser.get(f"{ADD}?event={other.pk}"))["event"] == [str(other.pk)]


def test_each_question_of_the_page_has_its_label(organiser, event):
    shown = words(organiser.get(ADD))
    for name in ("event", "name", "mode", "group", "country", "county", "phone", "email"):
        assert f'<label for="id_{name}">' in shown


def colleague(*permissions):
    user = User.objects.create_user("colleague", is_staff=True)
    for name in permissions:
        user.user_permissions.add(Permission.objects.get(codename=name))
    client = Client()
    client.force_login(user)
    return client


def test_who_may_not_add_enters_nobody_and_sees_no_code(event, achieng):
    otieno = enter(event, achieng)
    before = rows()
    client = colleague("view_registration")
    assert client.get(ADD).status_code == 403
    assert client.post(ADD, {"event": event.pk, "name": "Akinyi"}).status_code == 403
    assert rows() == before
    assert otieno.code_written not in words(client.get(f"{LIST}{otieno.pk}/change/"))
    assert client.get(f"{LIST}{otieno.pk}/slip/").status_code == 403


def test_the_slip_holds_name_event_code_and_where_to_type_it(organiser, event, achieng, settings):
    otieno = enter(event, achieng)
    shown = words(organiser.get(f"{LIST}{otieno.pk}/slip/"))
    for said in (
        "Otieno",
        str(event),
        "Saturday 31 October 2020, 12:45 – 14:45 EAT",
        otieno.code_written,
        f"{settings.ORIGIN}/events/{event.slug}/register/code/",
    ):
        assert said in shown


def test_there_is_no_slip_for_who_has_an_address(organiser, event):
    wanjiru = make_registration(event)
    assert organiser.get(f"{LIST}{wanjiru.pk}/slip/").status_code == 404


@pytest.mark.parametrize("number", [1, 3])
def test_entering_costs_a_constant_number_of_queries(
    event, achieng, number, django_assert_num_queries
):
    for place in range(number):
        enter(event, achieng, f"W {place}", mode=AttendanceMode.ONLINE)
    group = make_group("cso")
    with django_assert_num_queries(21):
        enter(event, achieng, group=group, consents={"processing": True})


def test_history_names_who_entered_her(organiser, event, achieng):
    otieno = enter(event, achieng)
    rules.change(otieno, make_details(name="Otieno"), now=NOW, at=AT)
    entries = HistoryEntry.objects.filter(registration=otieno, what="registered")
    assert [entry.by for entry in entries] == [achieng]
    assert "by Achieng Odhiambo" in words(organiser.get(f"{LIST}{otieno.pk}/change/"))


def test_an_address_written_from_paper_is_checked_as_any_other(event, achieng):
    RegistrationSettings.objects.filter(event=event).update(address_check="before")
    person = enter(event, achieng, email="otieno@example.org")
    assert (person.address_confirmed_at, person.address_asked_at) == (None, AT)
    assert enter(event, achieng, "Wanjiru").address_asked_at is None
