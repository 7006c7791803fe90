from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.forms import inlineformset_factory
from django.test import Client, RequestFactory
from django.urls import reverse

from events.models import Event
from events.registration import rules
from events.registration.admin import QuotaForm, QuotaFormSet, save_quotas
from events.registration.models import Quota, Registration
from tests.factories import (
    AT,
    NOW,
    make_details,
    make_event,
    make_group,
    make_organiser,
    make_registration,
    make_voice,
)
from tests.registration.people import mails, outbox, rows, words

pytestmark = pytest.mark.django_db
LIST = "/admin/registration/registration/"


def an_organisers_request():
    """A request that can be told something, as the admin tells it."""
    request = RequestFactory().post("/")
    request.session = {}
    request._messages = FallbackStorage(request)
    return request


@pytest.fixture
def organiser():
    client = Client()
    client.force_login(make_organiser())
    return client


@pytest.fixture
def registration():
    return make_registration(
        make_event(number=2),
        support={"captions": "I read lips."},
        voices=[make_voice("refugees", label="Refugees")],
        question="Who pays?",
    )


def staff(*permissions):
    """Somebody of the team who may do these things and no other."""
    user = User.objects.create_user("colleague", is_staff=True)
    for name in permissions:
        user.user_permissions.add(Permission.objects.get(codename=name))
    client = Client()
    client.force_login(user)
    return client


def page(registration, name="change"):
    return reverse(f"admin:registration_registration_{name}", args=[registration.pk])


def correction(registration, **changes):
    """The form of a registration as the page holds it, with what an organiser types over it."""
    held = {
        "name": registration.name,
        "phone": registration.phone,
        "language": registration.language,
        "group": registration.group_id,
        "organisation": registration.organisation,
        "job_title": registration.job_title,
        "country": registration.country.code,
        "county": registration.county,
        "question": registration.question,
    }
    for inline in ("consents", "support_needs", "attendants"):
        held |= {f"{inline}-TOTAL_FORMS": 0, f"{inline}-INITIAL_FORMS": 0}
    return held | changes


def errors(response):
    return dict(response.context["adminform"].form.errors)


def act(client, action, *registrations, **typed):
    typed |= {"action": action, "_selected_action": [row.pk for row in registrations]}
    return client.post(LIST, typed, follow=True)


def listed(client, **query):
    """The names that the list shows."""
    response = client.get(f"{LIST}?{urlencode(query)}")
    assert response.status_code == 200
    return {row.name for row in response.context["cl"].result_list}


# Correct


def test_organiser_corrects_details(organiser, registration):
    assert organiser.get(page(registration)).status_code == 200
    typed = correction(registration, name="Wanjiru W. Kamau", organisation="Naka", county="032")
    assert organiser.post(page(registration), typed).status_code == 302
    row = Registration.objects.get()
    assert (row.name, row.organisation, row.county) == ("Wanjiru W. Kamau", "Naka", "032")
    assert (row.email, row.link_version, row.question) == ("wanjiru@example.org", 1, "Who pays?")
    assert row.changed_at > row.created_at
    assert len(outbox()) == 1


@pytest.mark.parametrize(
    ("field", "typed", "sentence"),
    [
        ("name", "", "This field is required."),
        ("country", "UG", None),
        ("group", "0", "Select a valid choice. That choice is not one of the available choices."),
    ],
)  # fmt: skip
def test_bad_input_is_told_at_its_field(organiser, registration, field, typed, sentence):
    before = rows()
    typed = correction(registration, **{"county": "032", field: typed})
    response = organiser.post(page(registration), typed)
    assert response.status_code == 200
    if sentence:
        assert errors(response) == {field: [sentence]}
    else:
        assert errors(response) == {"__all__": ["Only people in Kenya have a county."]}
    assert rows() == before


def test_what_the_rules_keep_cannot_be_written(organiser, registration):
    other = make_event()
    typed = correction(
        registration, event=other.pk, link_version=9, submission="x", calendar_revision=7,
        reference="x", contact=registration.pk, email="x@example.org",
    )  # fmt: skip
    assert organiser.post(page(registration), typed).status_code == 302
    row = Registration.objects.get()
    assert (row.event, row.contact, row.link_version, row.calendar_revision, row.submission) == (
        registration.event,
        None,
        1,
        0,
        None,
    )
    assert (row.reference, row.email) == (registration.reference, "wanjiru@example.org")


def test_seats_and_consents_are_shown_and_not_edited(organiser, registration):
    shown = words(organiser.get(page(registration)))
    assert "Keeping my details to run this event" in shown
    for name in ("seat_requests-0-status", "consents-0-given", "support_needs-0-note"):
        assert f'name="{name}"' not in shown
    seat = registration.seat_requests.get()
    typed = correction(registration) | {
        "seat_requests-TOTAL_FORMS": 1, "seat_requests-INITIAL_FORMS": 1,
        "seat_requests-0-id": seat.pk, "seat_requests-0-registration": registration.pk,
        "seat_requests-0-status": "cancelled", "seat_requests-0-DELETE": "on",
    }  # fmt: skip
    organiser.post(page(registration), typed)
    assert registration.seat_requests.get().status == "confirmed"


# Who sees what


def test_support_needs_are_hidden_without_the_permission(registration):
    client = staff("view_registration", "change_registration", "delete_registration")
    for address in (page(registration), page(registration, "delete"), LIST):
        shown = words(client.get(address))
        assert "Wanjiru Kamau" in shown
        for secret in ("captions", "lips", "support need", "refugees", "voice"):
            assert secret not in shown.lower()


def test_support_needs_are_shown_with_the_permission(registration):
    client = staff("view_registration", "view_supportneed")
    shown = words(client.get(page(registration)))
    assert "Live captions" in shown
    assert "I read lips." in shown


def test_support_needs_are_not_named_where_people_are_deleted_together(registration):
    client = staff("view_registration", "delete_registration")
    shown = words(act(client, "delete_selected", registration)).lower()
    assert "wanjiru kamau" in shown
    for secret in ("captions", "support need", "refugees", "voice answer"):
        assert secret not in shown


def test_colleagues_without_permission_see_nobody(registration):
    client = staff("view_event")
    assert client.get(LIST).status_code == 403
    assert client.get(page(registration)).status_code == 403


def test_colleagues_who_may_only_look_change_nothing(registration):
    client = staff("view_registration")
    before = rows()
    assert client.post(page(registration), correction(registration, name="X")).status_code == 403
    act(client, "give_up_seat", registration)
    act(client, "send_link_again", registration)
    assert rows() == before


def test_strangers_are_sent_to_sign_in(client, registration):
    response = client.get(page(registration))
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/?next=")


# What is done to several


def test_links_are_sent_again(organiser, registration):
    other = make_registration(registration.event, email="otieno@example.org")
    before = len(outbox())
    response = act(organiser, "send_link_again", registration, other, post="yes")
    assert "2 mails are on their way." in words(response)
    assert {mail.to for mail in outbox()[before:]} == {registration.email, other.email}
    assert "1 mail is on its way." in words(act(organiser, "send_link_again", other))


def test_seats_are_given_up(organiser, registration):
    other = make_registration(registration.event, email="otieno@example.org")
    stays = make_registration(registration.event, email="achieng@example.org")
    asked = act(organiser, "give_up_seat", registration, other)
    assert "You chose 2 people." in words(asked)
    assert Registration.objects.holding_a_seat().count() == 3
    done = act(organiser, "give_up_seat", registration, other, post="yes")
    assert "Seats given up: 2 people. Each gets a mail." in words(done)
    assert list(Registration.objects.holding_a_seat()) == [stays]
    assert [str(mail["Subject"]) for mail in mails()[3:]] == [
        "Your seat was given up: Roundtable 2"
    ] * 2


def test_a_person_is_erased(organiser, registration):
    response = organiser.post(page(registration, "delete"), {"post": "yes"})
    assert response.status_code == 302
    left = rows()
    for table in ("Registration", "SeatRequest", "Consent", "SupportNeed", "VoiceAnswer"):
        assert left[table] == []


def test_people_are_erased_together(organiser, registration):
    other = make_registration(registration.event, email="otieno@example.org")
    act(organiser, "delete_selected", other)
    typed = {"action": "delete_selected", "_selected_action": [other.pk], "post": "yes"}
    organiser.post(LIST, typed)
    assert list(Registration.objects.all()) == [registration]


def test_who_gets_mails_for_others_is_not_erased(organiser, registration):
    rules.register_companion(
        registration, make_details(name="Otieno"), submission=None, now=NOW, at=AT
    )
    shown = words(organiser.get(page(registration, "delete")))
    assert "Otieno" in shown
    organiser.post(page(registration, "delete"), {"post": "yes"})
    assert Registration.objects.count() == 2


# Find


@pytest.fixture
def hall():
    """Five people, one of each kind."""
    event = make_event(slug="first")
    make_registration(event, name="Room", email="room@example.org", organisation="Naka")
    moved = make_registration(event, name="Moved online", email="moved@example.org")
    rules.change(moved, make_details(name=moved.name, mode="online"), now=NOW, at=AT)
    gone = make_registration(event, name="Gone", email="gone@example.org")
    rules.cancel(gone, now=NOW, at=AT)
    make_registration(event, name="Kampala", email="k@example.org", country="UG")
    make_registration(make_event(), name="Elsewhere", email="e@example.org", group=make_group("un"))
    return event


def test_people_are_found(organiser, hall):
    everybody = {"Room", "Moved online", "Gone", "Kampala", "Elsewhere"}
    assert listed(organiser) == everybody
    # Who moved online has given up a seat in the room, and is not in the room.
    assert listed(organiser, seat="in_room") == {"Room", "Kampala", "Elsewhere"}
    assert listed(organiser, seat="online") == {"Moved online"}
    assert listed(organiser, seat="none") == {"Gone"}
    assert listed(organiser, seat="unknown") == everybody
    assert listed(organiser, country="UG") == {"Kampala"}
    assert listed(organiser, group__id__exact=make_group("un").pk) == {"Elsewhere"}
    assert listed(organiser, event__id__exact=hall.pk) == everybody - {"Elsewhere"}
    assert listed(organiser, event__id__exact=hall.pk, seat="in_room") == {"Room", "Kampala"}


def test_people_are_searched_for(organiser, hall):
    for words_typed, names in {
        "naka": {"Room"},
        "MOVED@example": {"Moved online"},
        "kampala": {"Kampala"},
        "nobody": set(),
        "'; DROP TABLE--": set(),
    }.items():
        assert listed(organiser, q=words_typed) == names
    assert organiser.get(LIST, {"q": "kampala\x00"}).status_code == 200


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_costs_a_constant_number_of_queries(organiser, number, django_assert_num_queries):
    event = make_event()
    for place in range(number):
        make_registration(event, email=f"person-{place}@example.org")
    with django_assert_num_queries(10):
        assert organiser.get(LIST).status_code == 200


@pytest.mark.parametrize("number", [1, 3])
def test_the_page_costs_a_constant_number_of_queries(organiser, number, django_assert_num_queries):
    registration = make_registration(
        make_event(), support=dict.fromkeys(["captions", "braille", "childcare"][:number], "")
    )
    with django_assert_num_queries(16):
        assert organiser.get(page(registration)).status_code == 200


# The event's quotas, where its page does not test them

QuotaForms = inlineformset_factory(
    Event, Quota, form=QuotaForm, formset=QuotaFormSet, fields=["mode", "seats"], extra=0
)


def quotas(event, *typed):
    held = {"quotas-TOTAL_FORMS": len(typed), "quotas-INITIAL_FORMS": event.quotas.count()}
    for number, row in enumerate(typed):
        held |= {f"quotas-{number}-{name}": value for name, value in row.items()}
    return QuotaForms(held, instance=event)


def test_a_quota_that_people_wait_for_is_not_turned_into_another():
    event = make_event(quotas={"in_room": 0})
    make_registration(event)
    formset = quotas(event, {"id": event.quotas.get().pk, "mode": "online", "seats": "5"})
    assert formset.errors == [
        {"mode": ["1 person waits for it. To take no more people, tick “stop new seats”."]}
    ]


def test_a_quota_with_seats_taken_is_not_turned_into_another():
    event = make_event(quotas={"in_room": 5})
    make_registration(event)
    quota = event.quotas.get()
    formset = quotas(event, {"id": quota.pk, "mode": "online", "seats": "5"})
    assert formset.errors == [
        {"mode": ["1 seat is taken already. To take no more people, tick “stop new seats”."]}
    ]


def test_quotas_are_written_by_the_rules():
    event = make_event(quotas={"in_room": 5, "online": 5})
    first, second = event.quotas.all()
    formset = quotas(
        event,
        {"id": first.pk, "mode": "in_room", "seats": ""},
        {"id": second.pk, "mode": "online", "seats": "5", "DELETE": "on"},
    )
    assert formset.is_valid(), formset.errors
    save_quotas(an_organisers_request(), formset)
    assert list(event.quotas.values_list("mode", "seats")) == [("in_room", None)]


def test_a_seat_taken_while_the_organiser_was_saving_is_not_lost():
    event = make_event(quotas={"in_room": 5})
    formset = quotas(event, {"id": event.quotas.get().pk, "mode": "in_room", "seats": "0"})
    assert formset.is_valid(), formset.errors
    make_registration(event)
    request = an_organisers_request()
    save_quotas(request, formset)
    assert event.quotas.get().seats == 5
    (told,) = get_messages(request)
    assert str(told).startswith("In the room: 1 seat is taken already.")
