from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from events.registration.models import (
    Consent,
    Quota,
    Registration,
    RegistrationSettings,
    SeatRequest,
    SupportNeed,
    VoiceAnswer,
    new_reference,
)
from tests.factories import AT, START, make_event, make_group, make_registration, make_voice

pytestmark = pytest.mark.django_db
Status = SeatRequest.Status


@pytest.fixture
def event():
    return make_event()


@pytest.fixture
def registration(event):
    """With a seat in the room, consents, a support need and a voice."""
    return make_registration(event, support={"captions": ""}, voices=[make_voice()])


def a_row(event, **fields):
    """One more row, written past the rules."""
    values = {"name": "Otieno", "country": "KE", "group": make_group(), "email": None, **fields}
    return Registration.objects.create(event=event, **values)


def refuses(name, write):
    """Whether the database refuses a row for this reason, and goes on."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        write()
    assert name in str(caught.value)


def test_a_registration_with_all_that_belongs_to_it_is_kept(registration):
    kept = Registration.objects.with_details().get()
    assert str(kept) == "Wanjiru Kamau"
    assert [str(seat) for seat in kept.seat_requests.all()] == ["In the room: Confirmed"]
    assert [str(need) for need in kept.support_needs.all()] == ["Live captions"]
    assert [str(answer) for answer in kept.voice_answers.all()] == ["Voice women"]
    assert {str(consent) for consent in kept.consents.all()} == {
        "Keeping my details to run this event: yes",
        "18 or older: yes",
    }


def test_references_are_unguessable_and_fit_in_a_path():
    references = {new_reference() for _ in range(1000)}
    assert len(references) == 1000
    assert {len(reference) for reference in references} == {12}


# What must never be


@pytest.mark.parametrize("again", ["wanjiru@example.org", "WANJIRU@Example.ORG"])
def test_an_address_stands_once_at_an_event_whatever_its_capitals(event, registration, again):
    with pytest.raises(IntegrityError), transaction.atomic():
        a_row(event, email=again)
    assert Registration.objects.count() == 1


def test_an_address_may_stand_at_several_events(registration):
    a_row(make_event(), email=registration.email)
    assert Registration.objects.with_address("Wanjiru@example.org").count() == 2


def test_an_address_may_lack_more_than_once(event):
    a_row(event)
    a_row(event)
    assert Registration.objects.filter(email=None).count() == 2


def test_an_address_is_never_the_empty_text(event):
    refuses("registration_address_is_never_empty", lambda: a_row(event, email=""))


@pytest.mark.parametrize("country", ["UG", ""])
def test_only_people_in_kenya_have_a_county(event, country):
    refuses("registration_county_is_in_kenya", lambda: a_row(event, county="032", country=country))
    a_row(event, county="032", country="KE")


def test_a_form_counts_once(event):
    a_row(event, submission="form")
    refuses("submission", lambda: a_row(event, submission="form"))
    a_row(event, submission=None)


def test_a_reference_stands_once(event, registration):
    refuses("reference", lambda: a_row(event, reference=registration.reference))


def test_a_person_asks_for_a_mode_once(registration):
    with pytest.raises(IntegrityError), transaction.atomic():
        SeatRequest.objects.create(
            registration=registration, mode="in_room", status=Status.CANCELLED
        )
    SeatRequest.objects.create(registration=registration, mode="online", status=Status.CANCELLED)


def test_a_seat_is_at_the_event_that_its_person_registered_for(event, registration):
    other = make_event()
    row = SeatRequest.objects.create(
        registration=registration, event=other, mode="online", status=Status.WAITING
    )
    assert row.event_id == event.pk
    assert SeatRequest.objects.filter(event=event).count() == 2


def test_a_person_has_one_seat_at_most(registration):
    with pytest.raises(IntegrityError), transaction.atomic():
        SeatRequest.objects.create(
            registration=registration, mode="online", status=Status.CONFIRMED
        )
    SeatRequest.objects.create(registration=registration, mode="online", status=Status.WAITING)


@pytest.mark.parametrize("status", ["", "confirmd", "CONFIRMED"])
def test_a_seat_is_in_a_known_state(registration, status):
    refuses(
        "seat_request_status_is_known",
        lambda: SeatRequest.objects.create(registration=registration, mode="online", status=status),
    )


def test_an_event_has_one_quota_for_a_mode(event):
    with pytest.raises(IntegrityError), transaction.atomic():
        Quota.objects.create(event=event, mode="in_room", seats=3)
    assert event.quotas.count() == 2


def test_a_quota_is_never_below_zero(event):
    refuses("seats", lambda: event.quotas.update(seats=-1))


@pytest.mark.parametrize("later", [timedelta(0), -timedelta(seconds=1)])
def test_registration_closes_after_it_opens(event, later):
    fields = {"opens_at": START, "closes_at": START + later}
    refuses(
        "registration_closes_after_it_opens",
        lambda: RegistrationSettings.objects.filter(event=event).update(**fields),
    )
    settings = event.registration_settings
    settings.opens_at, settings.closes_at = START, START + later
    with pytest.raises(ValidationError, match="It must close after it opens"):
        settings.full_clean()


def test_registration_may_close_a_second_after_it_opens(event):
    fields = {"opens_at": START, "closes_at": START + timedelta(seconds=1)}
    assert RegistrationSettings.objects.filter(event=event).update(**fields) == 1


def test_an_event_has_one_row_of_settings(event):
    with pytest.raises(IntegrityError), transaction.atomic():
        RegistrationSettings.objects.create(event=event)


def test_a_support_need_stands_once(registration):
    with pytest.raises(IntegrityError), transaction.atomic():
        SupportNeed.objects.create(registration=registration, kind="captions")


def test_a_voice_stands_once(registration):
    with pytest.raises(IntegrityError), transaction.atomic():
        VoiceAnswer.objects.create(registration=registration, voice=make_voice())


# What goes with what


@pytest.mark.parametrize("what", ["event", "group"])
def test_what_people_are_registered_with_is_not_deleted(registration, what):
    with pytest.raises(ProtectedError):
        getattr(registration, what).delete()


def test_a_voice_somebody_brings_is_not_deleted(registration):
    with pytest.raises(ProtectedError):
        make_voice().delete()


def test_who_gets_mails_for_others_is_not_deleted(event, registration):
    a_row(event, contact=registration)
    with pytest.raises(ProtectedError):
        registration.delete()


def test_all_that_a_person_entrusted_us_with_goes_with_her(registration):
    registration.delete()
    for model in (SeatRequest, Consent, SupportNeed, VoiceAnswer):
        assert model.objects.count() == 0


# What is read in the organiser's words


def test_address_is_her_own_or_that_of_who_registered_her(event, registration):
    companion = a_row(event, contact=registration)
    nobody = a_row(event)
    assert registration.address == companion.address == "wanjiru@example.org"
    assert nobody.address is None


@pytest.mark.parametrize(
    ("requests", "seat", "wishes"),
    [
        ([], None, []),
        ([("in_room", 1, Status.CONFIRMED)], "in_room", []),
        ([("in_room", 1, Status.CANCELLED)], None, []),
        ([("in_room", 1, Status.DECLINED)], None, []),
        ([("in_room", 1, Status.CANCELLED), ("online", 2, Status.CONFIRMED)], "online", []),
        ([("in_room", 2, Status.WAITING), ("online", 1, Status.CONFIRMED)], "online", ["in_room"]),
        ([("in_room", 1, Status.WAITING), ("online", 2, Status.CONFIRMED)], "online", ["in_room"]),
        ([("in_room", 1, Status.PENDING)], None, ["in_room"]),
        (
            [("in_room", 2, Status.WAITING), ("online", 1, Status.PENDING)],
            None,
            ["online", "in_room"],
        ),
    ],
)
def test_seat_is_the_confirmed_one_and_wishes_come_by_rank(event, requests, seat, wishes):
    row = a_row(event)
    for mode, rank, status in requests:
        SeatRequest.objects.create(registration=row, mode=mode, rank=rank, status=status)
    assert (row.seat.mode if row.seat else None) == seat
    assert [wish.mode for wish in row.wishes] == wishes
    in_force = seat or next(iter(wishes), None)
    assert (row.in_force.mode if row.in_force else None) == in_force
    assert row.is_cancelled is (in_force is None)


def test_people_are_found_by_the_seat_they_hold(event):
    room = make_registration(event, email="room@example.org")
    online = make_registration(event, email="online@example.org", mode="online")
    gave_up = make_registration(event, email="gone@example.org")
    gave_up.seat_requests.update(status=Status.CANCELLED)
    waits = make_registration(event, email="waits@example.org")
    waits.seat_requests.update(status=Status.WAITING)
    # Who moved online no longer has the seat in the room.
    SeatRequest.objects.create(registration=online, mode="in_room", status=Status.CANCELLED)
    people = Registration.objects.all()
    assert set(people.holding_a_seat()) == {room, online}
    assert set(people.holding_a_seat("in_room")) == {room}
    assert set(people.holding_a_seat("online")) == {online}
    assert set(people.without_a_seat()) == {gave_up}


def test_words_of_the_rest(event):
    assert str(event.registration_settings) == f"Registration for {event.name}"
    assert [str(quota) for quota in event.quotas.all()] == [
        "In the room: no limit",
        "Online: no limit",
    ]
    assert str(Quota(mode="online", seats=40)) == "Online: 40"
    consent = Consent(purpose="photographs", given=False, at=AT)
    assert str(consent) == "Photographs and recordings: no"


def test_a_mode_nobody_knows_is_refused(event, registration):
    with pytest.raises(IntegrityError), transaction.atomic():
        SeatRequest.objects.create(registration=registration, mode="roof", status="confirmed")
    with pytest.raises(IntegrityError), transaction.atomic():
        Quota.objects.create(event=event, mode="roof")


def test_nobody_is_her_own_contact(registration):
    with pytest.raises(IntegrityError), transaction.atomic():
        Registration.objects.filter(pk=registration.pk).update(contact=registration)
