from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from events.models import Event
from events.registration import rules
from events.registration.links import Power, registration_for, token_for
from events.registration.models import (
    AttendanceMode,
    Consent,
    Quota,
    Registration,
    SeatRequest,
    SupportNeed,
    TableTarget,
    VoiceAnswer,
)
from events.registration.outbox.models import OutboxMail
from events.registration.queries import seats_taken
from events.registration.rules import MOST_COMPANIONS, Outcome, Refused
from events.registration.seats import Reason
from tests.factories import (
    AT,
    NOW,
    START,
    make_details,
    make_event,
    make_group,
    make_registration,
    make_voice,
)
from tests.registration.people import last_mail, mails, outbox, rows

pytestmark = pytest.mark.django_db
ROOM, ONLINE = AttendanceMode.IN_ROOM, AttendanceMode.ONLINE
LATER = AT + timedelta(days=1)


def register(event, *, email="wanjiru@example.org", submission=None, now=NOW, at=AT, **details):
    return rules.register(
        event,
        make_details(**details),
        email=email,
        language="en",
        submission=submission,
        now=now,
        at=at,
    )


def bring(contact, *, name="Otieno", submission=None, now=NOW, **details):
    return rules.register_companion(
        contact, make_details(name=name, **details), submission=submission, now=now, at=AT
    )


def change(registration, *, now=NOW, at=LATER, **details):
    rules.change(registration, make_details(**details), now=now, at=at)


def read(registration):
    return Registration.objects.with_details().get(pk=registration.pk)


def seats(registration):
    """The person's seat requests by mode."""
    return dict(registration.seat_requests.values_list("mode", "status"))


def refused(write, *args, **kwargs):
    """The reason of the refusal; that nothing at all was written."""
    before = rows()
    with pytest.raises(Refused) as caught:
        write(*args, **kwargs)
    assert rows() == before
    return caught.value.reason


def subjects():
    return [str(mail["Subject"]).partition(":")[0] for mail in mails()]


# Register


def test_register_writes_the_person_her_seat_and_one_mail():
    event, group, voice = make_event(), make_group("un"), make_voice("youth")
    outcome = register(
        event,
        submission="form",
        group=group,
        county="032",
        phone="0700000000",
        organisation="Naka Residents",
        job_title="Chair",
        interpretation=("sw",),
        question="Who pays?",
        voices=[voice],
        support={"captions": "", "other": "A guide dog."},
        consents={"processing": True, "adult": True, "participants_list": False},
    )
    assert outcome == Outcome.REGISTERED
    row = Registration.objects.get()
    assert (row.event, row.name, row.email) == (event, "Wanjiru Kamau", "wanjiru@example.org")
    assert (row.group, row.country.code, row.county) == (group, "KE", "032")
    assert (row.phone, row.organisation, row.job_title) == ("0700000000", "Naka Residents", "Chair")
    assert (row.interpretation, row.question, row.language) == (["sw"], "Who pays?", "en")
    assert (row.submission, row.link_version, row.calendar_revision) == ("form", 1, 0)
    assert (row.created_at, row.changed_at, row.contact) == (AT, AT, None)
    seat = SeatRequest.objects.get()
    assert (seat.registration, seat.mode, seat.status, seat.rank) == (row, ROOM, "confirmed", 1)
    assert (seat.created_at, seat.changed_at) == (AT, AT)
    assert list(SupportNeed.objects.values_list("kind", "note")) == [
        ("captions", ""),
        ("other", "A guide dog."),
    ]
    assert list(VoiceAnswer.objects.values_list("registration", "voice")) == [(row.pk, voice.pk)]
    given = Consent.objects.values_list("purpose", "given")
    assert dict(given) == {"processing": True, "adult": True, "participants_list": False}
    kept = set(Consent.objects.values_list("notice_version", "language", "channel", "at"))
    assert kept == {(rules.NOTICE_VERSION, "en", "web", AT)}
    assert [mail.to for mail in outbox()] == ["wanjiru@example.org"]
    assert subjects() == ["Your seat is confirmed"]


@pytest.mark.parametrize("again", ["wanjiru@example.org", "WanJiru@EXAMPLE.org"])
def test_register_again_changes_nothing_and_tells_by_mail(again):
    event = make_event()
    register(event)
    before = rows()
    outcome = register(event, email=again, name="Somebody Else", mode="online", at=LATER)
    assert outcome == Outcome.ALREADY_REGISTERED
    after = rows()
    told = after.pop("OutboxMail")[1]
    assert after == {name: kept for name, kept in before.items() if name != "OutboxMail"}
    # It goes to the address she gave herself.
    assert told["to"] == "wanjiru@example.org"
    assert subjects() == ["Your seat is confirmed", "You are registered already"]


def test_register_at_another_event_is_another_registration():
    assert register(make_event()) == register(make_event()) == Outcome.REGISTERED
    assert Registration.objects.count() == 2


def test_register_sent_twice_counts_once():
    event = make_event()
    assert register(event, submission="form") == Outcome.REGISTERED
    before = rows()
    assert register(event, submission="form", at=LATER) == Outcome.SENT_TWICE
    assert rows() == before


def test_register_sent_twice_is_not_refused_when_it_took_the_last_seat():
    event = make_event(quotas={"in_room": 1})
    register(event, submission="form")
    assert register(event, submission="form") == Outcome.SENT_TWICE


def test_register_by_the_same_form_after_giving_up_counts_anew():
    event = make_event()
    register(event, submission="form")
    rules.cancel(Registration.objects.get(), now=NOW, at=AT)
    assert register(event, submission="form", at=LATER) == Outcome.RETURNED
    assert seats_taken(event) == {"in_room": 1}


@pytest.mark.parametrize(("mode", "other"), [("in_room", "online"), ("online", "in_room")])
def test_register_waits_where_the_mode_is_full(mode, other):
    event = make_event(quotas={mode: 1, other: 1})
    register(event, mode=mode)
    assert register(event, email="otieno@example.org", mode=mode) == Outcome.WAITING
    assert register(event, email="achieng@example.org", mode=other) == Outcome.REGISTERED
    assert seats_taken(event) == {"in_room": 1, "online": 1}
    row = Registration.objects.get(email="otieno@example.org")
    assert (seats(row), row.seat) == ({mode: "waiting"}, None)
    assert [mail.to for mail in outbox()][1] == "otieno@example.org"
    assert subjects()[1] == "You are on the waiting list"


def test_register_is_refused_for_a_mode_that_is_not_offered():
    assert refused(register, make_event(quotas={"online": None})) == Reason.FULL


def test_register_tells_nobody_at_a_full_event_whether_an_address_is_known():
    """Neither is refused. How it stands is told by a mail, to the address alone."""
    event = make_event(quotas={"in_room": 1})
    register(event)
    assert register(event, at=LATER) == Outcome.ALREADY_REGISTERED
    assert register(event, email="otieno@example.org", at=LATER) == Outcome.WAITING
    assert [mail.to for mail in outbox()][1:] == ["wanjiru@example.org", "otieno@example.org"]
    assert subjects()[1:] == ["You are registered already", "You are on the waiting list"]


@pytest.mark.parametrize(
    ("fields", "now", "reason"),
    [
        ({}, START, Reason.OVER),
        ({"settings": {"closes_at": NOW}}, NOW, Reason.TIME_UP),
        ({"settings": {"opens_at": NOW + timedelta(seconds=1)}}, NOW, Reason.NOT_YET),
        ({"settings": {"stopped": True}}, NOW, Reason.STOPPED),
        ({"status": Event.Status.CANCELLED}, NOW, Reason.CANCELLED),
        ({"status": Event.Status.POSTPONED}, NOW, Reason.POSTPONED),
    ],
    ids=lambda value: str(value) if isinstance(value, Reason) else "",
)
def test_register_is_refused_while_registration_is_closed(fields, now, reason):
    assert refused(register, make_event(**fields), now=now) == reason


def test_register_looks_at_the_event_as_it_is_not_as_it_was_read():
    event = make_event()
    Event.objects.update(status=Event.Status.CANCELLED)
    assert event.status == Event.Status.SCHEDULED
    assert refused(register, event) == Reason.CANCELLED


def test_register_after_giving_up_revives_the_row_with_what_is_typed_now():
    event = make_event()
    register(event, support={"captions": ""}, voices=[make_voice("women")], question="Old?")
    before = Registration.objects.get()
    token = token_for(before, Power.MANAGE)
    rules.cancel(before, now=NOW, at=AT)
    outcome = register(
        event, email="WANJIRU@example.org", name="Wanjiru K.", mode="online", at=LATER
    )
    assert outcome == Outcome.RETURNED
    row = Registration.objects.get()
    assert (row.pk, row.reference, row.created_at) == (before.pk, before.reference, AT)
    assert (row.name, row.email, row.changed_at) == ("Wanjiru K.", "wanjiru@example.org", LATER)
    assert (row.question, row.calendar_revision) == ("", 2)
    assert seats(row) == {"in_room": "cancelled", "online": "confirmed"}
    assert SupportNeed.objects.count() == VoiceAnswer.objects.count() == 0
    assert registration_for(token, Power.MANAGE) == row
    assert "Welcome back" in last_mail().get_body(("plain",)).get_content()


def test_register_leaves_no_mail_where_the_transaction_fails():
    event, nothing = make_event(), rows()

    class PowerCutError(Exception):
        pass

    def power_cut():
        with transaction.atomic():
            register(event)
            assert OutboxMail.objects.count() == 1
            raise PowerCutError

    with pytest.raises(PowerCutError):
        power_cut()
    assert rows() | {"Registration": [], "OutboxMail": []} == nothing
    assert rows() == nothing


@pytest.mark.parametrize("others", [0, 3])
def test_register_costs_a_constant_number_of_queries(others, django_assert_num_queries):
    event, details = make_event(quotas={"in_room": 10}), make_details()
    for number in range(others):
        make_registration(event, email=f"person-{number}@example.org")
    with django_assert_num_queries(25):
        rules.register(
            event, details, email="w@example.org", language="en", submission="f", now=NOW, at=AT
        )


# Companions


@pytest.fixture
def wanjiru():
    return make_registration(make_event())


def test_companion_is_registered_and_her_mail_goes_to_who_registered_her(wanjiru):
    assert bring(wanjiru, name="Otieno", mode="online", submission="form") == Outcome.REGISTERED
    row = wanjiru.companions.get()
    assert (row.name, row.email, row.address) == ("Otieno", None, "wanjiru@example.org")
    assert (row.event, row.submission, row.language) == (wanjiru.event, "form", "en")
    assert seats(row) == {"online": "confirmed"}
    assert outbox()[-1].to == "wanjiru@example.org"


def test_companion_sent_twice_counts_once(wanjiru):
    bring(wanjiru, submission="form")
    before = rows()
    assert bring(wanjiru, submission="form") == Outcome.SENT_TWICE
    assert rows() == before


def test_companions_have_a_limit(wanjiru):
    for number in range(MOST_COMPANIONS):
        assert bring(wanjiru, name=f"Person {number}") == Outcome.REGISTERED
    assert MOST_COMPANIONS == 10
    assert refused(bring, wanjiru) == "too_many_companions"


def test_companion_waits_where_no_seat_is_free():
    contact = make_registration(make_event(quotas={"in_room": 1}))
    assert bring(contact) == Outcome.WAITING
    assert seats(contact.companions.get()) == {"in_room": "waiting"}
    assert seats_taken(contact.event) == {"in_room": 1}
    assert outbox()[-1].to == contact.email
    assert subjects()[-1] == "You are on the waiting list"


def test_companion_is_refused_once_registration_is_closed(wanjiru):
    assert refused(bring, wanjiru, now=START) == Reason.OVER


def test_companion_is_refused_to_who_gave_up_her_seat(wanjiru):
    rules.cancel(read(wanjiru), now=NOW, at=AT)
    # ``wanjiru`` was read before that: what counts is what stands now.
    assert refused(bring, wanjiru) == "contact_gave_up"


def test_companion_brings_nobody_herself(wanjiru):
    """Her mails would reach nobody, and the limit would be none."""
    bring(wanjiru)
    assert refused(bring, wanjiru.companions.get()) == "contact_without_address"


# Change


def test_change_writes_what_is_typed_now_and_no_mail(wanjiru):
    women, youth = make_voice("women"), make_voice("youth")
    change(wanjiru, support={"captions": "", "other": "A dog."}, voices=[women], question="Who?")
    row = read(wanjiru)
    assert (row.question, row.changed_at, row.created_at) == ("Who?", LATER, AT)
    change(wanjiru, name="Wanjiru K.", support={"braille": ""}, voices=[youth])
    row = read(wanjiru)
    assert (row.name, row.question, row.email) == ("Wanjiru K.", "", "wanjiru@example.org")
    assert list(SupportNeed.objects.values_list("kind", "note")) == [("braille", "")]
    assert [answer.voice for answer in VoiceAnswer.objects.all()] == [youth]
    assert seats(row) == {"in_room": "confirmed"}
    assert subjects() == ["Your seat is confirmed"]


@pytest.mark.parametrize("fields", [{"quotas": {"in_room": 1}}, {"settings": {"stopped": True}}])
def test_change_of_details_needs_no_free_seat(fields):
    event = make_event()
    registration = make_registration(event)
    for mode, number in fields.get("quotas", {}).items():
        event.quotas.filter(mode=mode).update(seats=number)
    type(event.registration_settings).objects.update(**fields.get("settings", {}))
    change(registration, name="Wanjiru K.")
    assert read(registration).name == "Wanjiru K."


def test_change_of_mode_takes_the_new_seat_and_frees_the_old():
    event = make_event(quotas={"in_room": 1, "online": 1})
    registration = make_registration(event)
    change(registration, mode="online")
    assert seats(registration) == {"in_room": "cancelled", "online": "confirmed"}
    assert read(registration).seat.mode == ONLINE
    assert seats_taken(event) == {"online": 1}
    assert register(event, email="otieno@example.org", mode="in_room") == Outcome.REGISTERED
    assert subjects()[1] == "You take part another way now"


def test_change_of_mode_to_and_fro_keeps_one_request_for_each():
    event = make_event(quotas={"in_room": 1, "online": 1})
    registration = make_registration(event)
    change(registration, mode="online")
    change(registration, mode="in_room")
    assert seats(registration) == {"in_room": "confirmed", "online": "cancelled"}


def test_change_of_mode_waits_where_it_is_full_and_the_seat_is_kept():
    event = make_event(quotas={"in_room": 2, "online": 1})
    make_registration(event, email="otieno@example.org", mode="online")
    registration = make_registration(event, support={"captions": ""}, voices=[make_voice()])
    change(registration, mode="online", name="Changed", consents={"photographs": True})
    row = read(registration)
    assert seats(row) == {"in_room": "confirmed", "online": "waiting"}
    assert (row.seat.mode, [wish.mode for wish in row.wishes]) == (ROOM, [ONLINE])
    assert seats_taken(event) == {"in_room": 1, "online": 1}
    # What else she typed is written.
    assert (row.name, row.consents.get(purpose="photographs").given) == ("Changed", True)
    assert SupportNeed.objects.count() == VoiceAnswer.objects.count() == 0
    assert subjects()[-1] == "You are on the waiting list"
    # The seat in her calendar is the one she has: no entry is newer.
    assert row.calendar_revision == 0


@pytest.mark.parametrize(
    ("fields", "now", "reason"),
    [
        ({}, START, Reason.OVER),
        ({"stopped": True}, NOW, Reason.STOPPED),
        ({"closes_at": NOW}, NOW, Reason.TIME_UP),
    ],
)
def test_change_of_mode_is_refused_once_registration_is_closed_and_nothing_is_lost(
    fields, now, reason
):
    event = make_event()
    registration = make_registration(event, support={"captions": ""}, voices=[make_voice()])
    type(event.registration_settings).objects.update(**fields)
    typed = {"mode": "online", "name": "Changed", "consents": {"photographs": True}}
    assert refused(change, registration, now=now, **typed) == reason
    assert seats(registration) == {"in_room": "confirmed"}


def test_change_of_somebody_who_gave_up_gives_no_seat(wanjiru):
    rules.cancel(wanjiru, now=NOW, at=AT)
    change(wanjiru, name="Wanjiru K.", mode="online")
    assert read(wanjiru).is_cancelled
    assert read(wanjiru).name == "Wanjiru K."


@pytest.mark.parametrize("others", [0, 3])
def test_change_costs_a_constant_number_of_queries(others, django_assert_num_queries):
    event = make_event(quotas={"in_room": 9, "online": 9})
    for number in range(others):
        make_registration(event, email=f"person-{number}@example.org")
    registration = make_registration(event)
    same, other = make_details(), make_details(mode="online")
    with django_assert_num_queries(19):
        rules.change(registration, same, now=NOW, at=LATER)
    with django_assert_num_queries(31):
        rules.change(registration, other, now=NOW, at=LATER)


# Give up, and come back


def test_cancel_keeps_the_row_and_frees_the_seat():
    event = make_event(quotas={"in_room": 1})
    registration = make_registration(event, question="Who pays?")
    rules.cancel(registration, now=NOW, at=LATER)
    row = read(registration)
    assert (row.is_cancelled, row.question, row.changed_at) == (True, "Who pays?", LATER)
    assert (row.calendar_revision, row.submission) == (1, None)
    seat = row.seat_requests.get()
    assert (seat.status, seat.changed_at, seat.created_at) == ("cancelled", LATER, AT)
    assert subjects() == ["Your seat is confirmed", "You gave up your seat"]
    assert register(event, email="otieno@example.org") == Outcome.REGISTERED


def test_cancel_twice_is_cancelling_once(wanjiru):
    rules.cancel(wanjiru, now=NOW, at=AT)
    before = rows()
    rules.cancel(wanjiru, now=NOW, at=LATER)
    assert rows() == before


def test_cancel_leaves_companions_their_seats(wanjiru):
    bring(wanjiru)
    rules.cancel(wanjiru, now=NOW, at=AT)
    assert not wanjiru.companions.get().is_cancelled


def test_give_up_is_cancelling_until_the_end(wanjiru):
    rules.give_up(wanjiru, now=wanjiru.event.ends_at - timedelta(microseconds=1), at=LATER)
    assert read(wanjiru).is_cancelled


def test_give_up_is_refused_once_the_event_is_over(wanjiru):
    before = rows()
    over = {"now": wanjiru.event.ends_at, "at": LATER}
    assert refused(rules.give_up, wanjiru, **over) == "nothing_to_give_up"
    assert rows() == before


def test_come_back_gives_a_seat_again(wanjiru):
    rules.cancel(wanjiru, now=NOW, at=AT)
    rules.come_back(wanjiru, mode=ONLINE, now=NOW, at=LATER)
    row = read(wanjiru)
    assert seats(row) == {"in_room": "cancelled", "online": "confirmed"}
    assert (row.calendar_revision, row.changed_at) == (2, LATER)
    assert subjects()[2] == "Your seat is confirmed"


def test_come_back_of_somebody_with_a_seat_changes_nothing(wanjiru):
    before = rows()
    rules.come_back(wanjiru, mode=ONLINE, now=NOW, at=LATER)
    assert rows() == before


@pytest.mark.parametrize(
    ("mode", "stands", "taken"),
    [
        (ROOM, {"in_room": "waiting"}, {"in_room": 1}),
        (ONLINE, {"in_room": "cancelled", "online": "confirmed"}, {"in_room": 1, "online": 1}),
    ],
)
def test_come_back_waits_where_somebody_took_the_last_seat(mode, stands, taken):
    event = make_event(quotas={"in_room": 1, "online": 1})
    registration = make_registration(event)
    rules.cancel(registration, now=NOW, at=AT)
    make_registration(event, email="otieno@example.org")
    rules.come_back(registration, mode=mode, now=NOW, at=LATER)
    assert seats(registration) == stands
    assert seats_taken(event) == taken


def test_come_back_is_refused_once_registration_is_closed(wanjiru):
    rules.cancel(wanjiru, now=NOW, at=AT)
    back = {"mode": ROOM, "now": START, "at": LATER}
    assert refused(rules.come_back, wanjiru, **back) == Reason.OVER


@pytest.mark.parametrize("others", [0, 3])
def test_cancel_and_come_back_cost_a_constant_number_of_queries(
    wanjiru, others, django_assert_num_queries
):
    for number in range(others):
        make_registration(Event.objects.get(), email=f"person-{number}@example.org")
    with django_assert_num_queries(16):
        rules.cancel(wanjiru, now=NOW, at=AT)
    with django_assert_num_queries(19):
        rules.come_back(wanjiru, mode=ROOM, now=NOW, at=LATER)


# Links


def test_lost_link_goes_to_her_and_tells_of_those_she_registered(wanjiru):
    bring(wanjiru)
    make_registration(wanjiru.event, email="somebody@example.org")
    before = len(outbox())
    sent = rules.send_links(wanjiru.event, email="WANJIRU@example.org", at=AT)
    assert sent == 1
    (written,) = outbox()[before:]
    assert written.to == "wanjiru@example.org"
    (body,) = [mail.get_body(("plain",)).get_content() for mail in mails()[before:]]
    assert body.startswith("Dear Wanjiru Kamau,")
    assert "The people you registered are on the same page." in body
    assert token_for(wanjiru, Power.MANAGE) in body


def test_lost_link_of_who_registered_nobody_else_speaks_of_nobody_else(wanjiru):
    rules.send_links(wanjiru.event, email=wanjiru.email, at=AT)
    assert "people you registered" not in mails()[-1].get_body(("plain",)).get_content()


def test_lost_links_of_an_unknown_address_or_another_event_write_nothing(wanjiru):
    before = rows()
    assert rules.send_links(wanjiru.event, email="nobody@example.org", at=AT) == 0
    assert rules.send_links(make_event(), email=wanjiru.email, at=AT) == 0
    assert rows()["OutboxMail"] == before["OutboxMail"]


def test_lost_links_are_sent_to_somebody_who_gave_up_too(wanjiru):
    rules.cancel(wanjiru, now=NOW, at=AT)
    assert rules.send_links(wanjiru.event, email=wanjiru.email, at=AT) == 1


def test_links_of_several_people_are_sent_and_counted(wanjiru):
    nobody = Registration.objects.create(
        event=wanjiru.event, name="Paper", country="KE", group=make_group()
    )
    everybody = Registration.objects.with_details().order_by("pk")
    assert rules.send_links_to(everybody, at=AT) == 1
    assert nobody.address is None


# An organiser's corrections


def test_correct_writes_the_details_and_keeps_the_links(wanjiru):
    token = token_for(wanjiru, Power.MANAGE)
    wanjiru.name, wanjiru.email = "Wanjiru W. Kamau", "w.kamau@example.org"
    rules.correct(wanjiru, now=NOW, at=LATER)
    row = registration_for(token, Power.MANAGE)
    # The address has a rule of its own.
    assert (row.name, row.email, row.changed_at) == (
        "Wanjiru W. Kamau",
        "wanjiru@example.org",
        LATER,
    )
    assert len(outbox()) == 1


def test_erase_removes_all_and_frees_the_seat():
    event = make_event(quotas={"in_room": 1})
    registration = make_registration(event, support={"captions": ""}, voices=[make_voice()])
    rules.erase(registration, now=NOW, at=LATER)
    left = rows()
    for table in (
        "Registration", "SeatRequest", "Consent", "SupportNeed", "VoiceAnswer", "HistoryEntry",
    ):  # fmt: skip
        assert left[table] == []
    assert OutboxMail.objects.count() == 0
    assert register(event, email="otieno@example.org") == Outcome.REGISTERED


def test_erase_is_refused_while_others_get_their_mails_by_her(wanjiru):
    bring(wanjiru)
    before = rows()
    with pytest.raises(ProtectedError):
        rules.erase(wanjiru, now=NOW, at=LATER)
    assert rows() == before
    rules.erase(wanjiru.companions.get(), now=NOW, at=LATER)
    rules.erase(wanjiru, now=NOW, at=LATER)
    assert Registration.objects.count() == 0


# Quotas


@pytest.fixture
def two_in_the_room():
    event = make_event(quotas={"in_room": 5, "online": None})
    make_registration(event, email="one@example.org")
    make_registration(event, email="two@example.org")
    # Seats given up, and those of other events, take none.
    rules.cancel(make_registration(event, email="gone@example.org"), now=NOW, at=AT)
    make_registration(make_event())
    return event.quotas.get(mode="in_room")


@pytest.mark.parametrize("number", [2, 3, 100, None])
def test_set_quota_to_what_is_taken_or_more(two_in_the_room, number):
    two_in_the_room.seats = number
    rules.set_quota(two_in_the_room, now=NOW, at=AT)
    assert Quota.objects.get(pk=two_in_the_room.pk).seats == number


@pytest.mark.parametrize("number", [0, 1])
def test_set_quota_below_what_is_taken_is_refused(two_in_the_room, number):
    two_in_the_room.seats = number
    assert refused(rules.set_quota, two_in_the_room, now=NOW, at=AT) == Reason.FULL


def test_set_quota_of_a_mode_that_is_not_offered_yet():
    event = make_event(quotas={"in_room": None})
    rules.set_quota(Quota(event=event, mode="online", seats=0), now=NOW, at=AT)
    assert event.quotas.count() == 2


def test_set_quota_for_another_mode_is_refused_while_people_hold_seats(two_in_the_room):
    two_in_the_room.event.quotas.filter(mode="online").delete()
    two_in_the_room.mode = "online"
    assert refused(rules.set_quota, two_in_the_room, now=NOW, at=AT) == Reason.FULL


def test_remove_quota_is_refused_while_people_hold_seats(two_in_the_room):
    assert refused(rules.remove_quota, two_in_the_room, now=NOW) == Reason.FULL
    rules.remove_quota(two_in_the_room.event.quotas.get(mode="online"), now=NOW)
    assert [quota.mode for quota in two_in_the_room.event.quotas.all()] == ["in_room"]


# Consents


def given(registration):
    return list(registration.consents.values_list("purpose", "given", "at"))


def test_consents_are_added_and_never_changed(wanjiru):
    first = given(wanjiru)
    assert {purpose for purpose, _, _ in first} == {"processing", "adult"}
    change(wanjiru, consents={"photographs": True})
    change(wanjiru, consents={"photographs": True}, at=LATER + timedelta(days=1))
    change(wanjiru, consents={"photographs": False}, at=LATER + timedelta(days=2))
    change(wanjiru, consents={}, at=LATER + timedelta(days=3))
    change(wanjiru, consents={"photographs": True}, at=LATER + timedelta(days=4))
    assert given(wanjiru) == [
        *first,
        ("photographs", True, LATER),
        ("photographs", False, LATER + timedelta(days=2)),
        ("photographs", True, LATER + timedelta(days=4)),
    ]


def test_consents_of_one_instant_keep_their_order(wanjiru):
    for answer in (True, False, True, False):
        change(wanjiru, consents={"photographs": answer})
    answers = wanjiru.consents.filter(purpose="photographs").values_list("given", flat=True)
    assert list(answers) == [True, False, True, False]


# Wishes for the table


def targets(event):
    return dict(event.table_targets.values_list("group__code", "people"))


@pytest.mark.parametrize("number", [1, 3, 30])
def test_targets_are_written_over_and_others_stay(number, django_assert_num_queries):
    event, other = make_event(), make_event()
    groups = [make_group(f"g{place}") for place in range(number)]
    kept = make_group("kept")
    rules.set_targets(event, targets={kept.pk: 7, groups[0].pk: 1})
    rules.set_targets(other, targets={kept.pk: 2})
    # The event's row is locked, and all are written at once.
    savepoints = 2
    with django_assert_num_queries(2 + savepoints):
        rules.set_targets(event, targets={group.pk: 3 for group in groups})
    assert targets(event) == {"kept": 7, **{group.code: 3 for group in groups}}
    assert targets(other) == {"kept": 2}


def test_no_target_is_no_change():
    event = make_event()
    rules.set_targets(event, targets={})
    assert targets(event) == {}


@pytest.mark.parametrize("people", [0, 999])
def test_target_at_its_bounds(people):
    event = make_event()
    rules.set_targets(event, targets={make_group().pk: people})
    assert targets(event) == {"cso": people}


@pytest.mark.parametrize("people", [-1, 1000])
def test_target_beyond_its_bounds_is_not_written(people):
    event, first, second = make_event(), make_group("a"), make_group("b")
    with pytest.raises(IntegrityError), transaction.atomic():
        rules.set_targets(event, targets={first.pk: 1, second.pk: people})
    assert targets(event) == {}


def test_targets_go_with_their_event_and_their_group():
    event, group = make_event(), make_group()
    rules.set_targets(event, targets={group.pk: 2, make_group("un").pk: 1})
    group.delete()
    assert targets(event) == {"un": 1}
    event.delete()
    assert TableTarget.objects.count() == 0
