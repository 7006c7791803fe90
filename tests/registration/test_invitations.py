"""Invitations: who can be asked to come, what her answer does, and the seat held for her."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from events.models import Event
from events.registration import rules, turns
from events.registration.models import (
    AttendanceMode,
    Invitation,
    KeptSeats,
    Quota,
    Registration,
    RegistrationSettings,
    SeatRequest,
)
from events.registration.outbox.models import OutboxMail
from events.registration.queries import availability_of, seats_held, with_registration
from events.registration.rules import Guest, Refused, Terms, Verdict
from events.registration.seats import (
    Held,
    Kept,
    ModeSeats,
    Reason,
    may_take_held,
    seats_free,
    with_one,
    without_held,
)
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
from tests.registration.people import calendar_parts, last_mail, mails, text_of

DAY = timedelta(days=1)
UNTIL = NOW + 5 * DAY
ROOM = AttendanceMode.IN_ROOM
State = Invitation.State
database = pytest.mark.django_db


def make_invitation(event, email="guest@example.org", *, now=NOW, at=AT, **fields):
    guest = Guest(
        name=fields.pop("name", "Grace Achieng"),
        email=email,
        group=fields.pop("group", None),
        mode=fields.pop("mode", None),
    )
    terms = Terms(expires_at=fields.pop("expires_at", UNTIL), **fields)
    return rules.invite(event, guest, terms, by=fields.pop("by", None), now=now, at=at)


def holding(event, email="guest@example.org", **fields):
    return make_invitation(event, email, mode=ROOM, holds_seat=True, **fields)


def accept(invitation, *, email=None, now=NOW, submission=None, **fields):
    return rules.register(
        invitation.event,
        make_details(**fields),
        email=email or invitation.email,
        language="en",
        submission=submission,
        now=now,
        at=AT,
        invitation=invitation,
    )


def statuses(event):
    rows = SeatRequest.objects.filter(event=event).order_by("pk")
    return dict(rows.values_list("registration__email", "status"))


def fresh(invitation):
    return Invitation.objects.get(pk=invitation.pk)


def refused(act, *args, **kwargs):
    with pytest.raises(Refused) as caught:
        act(*args, **kwargs)
    return str(caught.value.reason)


# The policy


def room(limit, *, taken=0, kept=(), held=()):
    return ModeSeats(
        limit,
        taken,
        tuple(Kept(group, seats, UNTIL, had) for group, seats, had in kept),
        tuple(Held(group, seats, UNTIL) for group, seats in held),
    )


@pytest.mark.parametrize(
    ("seats", "group", "free"),
    [
        (room(3, held=[(None, 1)]), "cso", 2),
        (room(3, held=[("cso", 1)]), "cso", 2),
        (room(3, held=[("cso", 2), (None, 1)]), None, 0),
        (room(None, held=[(None, 9)]), "cso", None),
        # One of those kept for her group, not one more.
        (room(5, kept=[("cso", 2, 0)], held=[("cso", 1)]), "un", 3),
        (room(5, kept=[("cso", 2, 0)], held=[("cso", 1)]), "cso", 4),
        (room(5, kept=[("cso", 2, 0)], held=[("cso", 3)]), "un", 2),
        (room(5, kept=[("cso", 2, 2)], held=[("cso", 1)], taken=2), "un", 2),
        (room(5, kept=[("cso", 2, 0)], held=[("un", 1)]), "un", 2),
        (room(1, taken=1, held=[(None, 1)]), "cso", 0),
    ],
)
def test_what_is_held_is_free_for_nobody_else(seats, group, free):
    assert seats_free(seats, group=group, now=NOW) == free


def test_until_its_time_and_not_at_it():
    seats = room(1, held=[("cso", 1)])
    assert seats_free(seats, group="un", now=UNTIL - timedelta(microseconds=1)) == 0
    assert seats_free(seats, group="un", now=UNTIL) == 1


groups = st.sampled_from(["cso", "un", "media"])
or_none = st.one_of(st.none(), groups)
some = st.integers(0, 3)


@settings(max_examples=300, deadline=None, database=None)
@given(
    limit=st.integers(0, 6),
    kept=st.dictionaries(groups, st.tuples(some, st.booleans()), max_size=3),
    steps=st.lists(
        st.tuples(st.sampled_from(["come", "invite", "accept", "refuse"]), or_none, groups),
        max_size=25,
    ),
)
def test_never_negative_never_oversold_and_who_is_invited_has_her_seat(limit, kept, steps):
    until = {True: UNTIL, False: NOW}
    seats = ModeSeats(
        limit, kept=tuple(Kept(code, n, until[kind]) for code, (n, kind) in kept.items())
    )
    for what, invited_as, group in steps:
        held = sum(row.seats for row in seats.held)
        if what == "come" and seats_free(seats, group=group, now=NOW):
            seats = with_one(seats, group=group)
        elif what == "invite" and seats_free(seats, group=invited_as, now=NOW):
            seats = ModeSeats(limit, seats.taken, seats.kept,
                              (*seats.held, Held(invited_as, 1, UNTIL)))  # fmt: skip
        elif what in {"accept", "refuse"} and any(
            row.group == invited_as and row.seats for row in seats.held
        ):
            # Whoever stays in the group she was invited as has it, always.
            as_said = invited_as or group
            if what == "accept":
                assert may_take_held(seats, held_for=invited_as, group=invited_as, now=NOW)
                if not may_take_held(seats, held_for=invited_as, group=as_said, now=NOW):
                    continue
            seats = without_held(seats, group=invited_as, now=NOW)
            assert sum(row.seats for row in seats.held) == held - 1
            if what == "accept":
                seats = with_one(seats, group=as_said)
        free = [seats_free(seats, group=code, now=NOW) for code in (None, "cso", "un", "media")]
        assert all(number >= 0 for number in free)
        assert seats.taken + sum(row.seats for row in seats.held) <= limit


def test_one_that_is_kept_for_her_group_goes_to_no_other_group():
    seats = room(2, taken=1, kept=[("cso", 1, 0)], held=[("cso", 1)])
    assert may_take_held(seats, held_for="cso", group="cso", now=NOW)
    assert not may_take_held(seats, held_for="cso", group="un", now=NOW)
    assert may_take_held(seats, held_for="cso", group="un", now=UNTIL)
    assert may_take_held(room(1, held=[(None, 1)]), held_for=None, group="un", now=NOW)


# Inviting


@database
def test_the_mail_says_who_what_when_and_how_to_say_no():
    event = make_event(convenor="UN-Habitat", quotas={"in_room": 3})
    organiser = make_organiser(first_name="Njeri", last_name="Otieno")
    invitation = rules.invite(
        event,
        Guest("Grace Achieng", "guest@example.org", make_group(), ROOM),
        Terms(expires_at=UNTIL, holds_seat=True),
        by=organiser,
        now=NOW,
        at=AT,
    )
    mail = last_mail()
    assert (mail["To"], mail["From"].addresses[0].display_name) == (
        "Grace Achieng <guest@example.org>",
        "UN-Habitat",
    )
    text = text_of(mail)
    for words in (
        "Dear Grace Achieng,",
        "UN-Habitat invites you to this roundtable.",
        "A seat is held for you: In the room.",
        "Please answer by Saturday 17 October 2020, 09:00 EAT.",
        "12:45 – 14:45 EAT",
        f"/invitations/{invitation.reference}.",
        "You can't come?",
    ):
        assert words in text, text
    assert calendar_parts(mail) == []
    assert (invitation.state(NOW), invitation.by, invitation.by_name, invitation.sent_at) == (
        State.SENT,
        organiser,
        "Njeri Otieno",
        AT,
    )


@database
def test_who_can_be_invited_and_who_not():
    event = make_event(quotas={"in_room": 2})
    make_registration(event, email="HERE@example.org")
    gone = make_registration(event, email="gone@example.org")
    rules.cancel(gone, now=NOW, at=AT)
    no = make_registration(event, email="no@example.org")
    rules.decline(no, by=None, now=NOW, at=AT)
    make_invitation(event, "asked@example.org")
    guests = [
        Guest("A", "here@example.org"),
        Guest("B", "gone@example.org", mode=ROOM),
        Guest("C", "no@example.org"),
        Guest("D", "Asked@example.org"),
        Guest("E", "e@example.org"),
        Guest("F", "f@example.org", mode=AttendanceMode.ONLINE),
        Guest("G", "GONE@example.org", mode=ROOM),
        Guest("H", "h@example.org", mode=ROOM),
    ]
    plain = Terms(expires_at=UNTIL)
    assert rules.look(event, guests, plain, now=NOW) == [
        Verdict.REGISTERED, Verdict.INVITE, Verdict.DECLINED, Verdict.INVITED, Verdict.INVITE,
        Verdict.NOT_OFFERED, Verdict.TWICE, Verdict.INVITE,
    ]  # fmt: skip
    held = rules.look(event, guests, Terms(expires_at=UNTIL, holds_seat=True), now=NOW)
    # One of two seats is taken: the second is the first's who asks for it.
    assert (held[1], held[4], held[7]) == (Verdict.INVITE, Verdict.NO_MODE, Verdict.NO_SEAT)
    assert Invitation.objects.count() == 1
    assert refused(rules.invite, event, guests[0], plain, by=None, now=NOW, at=AT) == "registered"


@database
@pytest.mark.parametrize(
    ("fields", "expires_at", "reason"),
    [
        ({"status": Event.Status.CANCELLED}, UNTIL, "cancelled"),
        ({"starts_at": NOW - DAY}, UNTIL, "over"),
        ({"published": False}, UNTIL, "not_on_the_site"),
        ({}, NOW, "expires_at"),
        ({}, START + timedelta(hours=2, seconds=1), "expires_at"),
    ],
)
def test_where_nobody_can_be_invited(fields, expires_at, reason):
    event = make_event(**fields)
    assert refused(make_invitation, event, expires_at=expires_at) == reason
    assert OutboxMail.objects.count() == 0


@database
def test_without_mail_nobody_is_invited(settings):
    settings.LOCAL_INSTALL, settings.MAIL_SERVER = False, None
    assert refused(make_invitation, make_event()) == "no_mail"


@database
def test_one_open_invitation_an_address_by_the_database_itself():
    event = make_event()
    make_invitation(event, "guest@example.org")
    with pytest.raises(IntegrityError), transaction.atomic():
        Invitation.objects.create(event=event, name="X", email="GUEST@example.org",
                                  expires_at=UNTIL)  # fmt: skip


@database
def test_once_its_time_is_up_a_new_one_takes_its_place():
    event = make_event()
    old = make_invitation(event)
    assert refused(make_invitation, event, now=UNTIL - timedelta(seconds=1)) == "invited"
    new = make_invitation(event, now=UNTIL, expires_at=UNTIL + DAY)
    assert (fresh(old).state(UNTIL), new.state(UNTIL)) == (State.WITHDRAWN, State.SENT)


@database
def test_many_are_invited_in_transactions_of_a_hundred(monkeypatch):
    monkeypatch.setattr(rules.invitations, "MOST_AT_ONCE", 2)
    event = make_event(quotas={"in_room": 3})
    guests = [Guest(f"G{n}", f"g{n}@example.org", mode=ROOM) for n in range(5)]
    terms = Terms(expires_at=UNTIL, holds_seat=True)
    verdicts = rules.invite_many(event, guests, terms, by=None, now=NOW, at=AT)
    assert verdicts == [Verdict.INVITE] * 3 + [Verdict.NO_SEAT] * 2
    assert [mail["To"] for mail in mails()] == [f"G{n} <g{n}@example.org>" for n in range(3)]
    assert availability_of(event, now=NOW).reason == Reason.FULL


# A seat that is held


@database
def test_a_held_seat_is_nobodys_until_she_says_yes():
    event = make_event(quotas={"in_room": 1})
    invitation = holding(event)
    make_registration(event, email="walk-in@example.org")
    assert statuses(event) == {"walk-in@example.org": "waiting"}
    assert accept(invitation) == "registered"
    assert statuses(event) == {"walk-in@example.org": "waiting", "guest@example.org": "confirmed"}
    entry = Registration.objects.get(email="guest@example.org").history.get()
    assert (entry.what, entry.why) == ("registered", "invited")
    assert fresh(invitation).state(NOW) == State.ACCEPTED


@database
@pytest.mark.parametrize("act", [rules.say_no, rules.withdraw])
def test_a_no_gives_the_seat_to_the_next_at_once(act):
    event = make_event(quotas={"in_room": 1})
    invitation = holding(event)
    make_registration(event, email="next@example.org")
    assert act(invitation, now=NOW, at=AT) is True
    assert statuses(event) == {"next@example.org": "confirmed"}
    assert act(invitation, now=NOW, at=AT) is False
    assert len(mails("next@example.org")) == 2


@database
def test_when_its_time_is_up_the_worker_gives_the_seat(monkeypatch):
    event = make_event(quotas={"in_room": 1})
    invitation = holding(event)
    make_registration(event, email="next@example.org")
    monkeypatch.setattr(turns.clock, "now", lambda: UNTIL - timedelta(seconds=1))
    turns.move_up()
    assert statuses(event) == {"next@example.org": "waiting"}
    monkeypatch.setattr(turns.clock, "now", lambda: UNTIL)
    turns.move_up()
    assert statuses(event) == {"next@example.org": "confirmed"}
    assert refused(accept, invitation, now=UNTIL) == "invitation_over"


@database
def test_by_the_public_form_the_invited_address_has_its_seat_too():
    event = make_event(quotas={"in_room": 1})
    invitation = holding(event)
    make_registration(event, email="Guest@Example.org")
    assert statuses(event) == {"Guest@Example.org": "confirmed"}
    assert fresh(invitation).registration.email == "Guest@Example.org"


@database
def test_who_takes_part_otherwise_leaves_what_was_held_to_the_next():
    event = make_event(quotas={"in_room": 1, "online": 1})
    invitation = holding(event)
    make_registration(event, email="next@example.org")
    accept(invitation, mode="online")
    assert statuses(event) == {"next@example.org": "confirmed", "guest@example.org": "confirmed"}


@database
def test_a_held_seat_needs_no_word_of_the_organisers():
    event = make_event(quotas={"in_room": 1}, settings={"approval": True})
    assert accept(holding(event)) == "registered"
    assert accept(make_invitation(event, "b@example.org")) == "waiting"
    assert statuses(event) == {"guest@example.org": "confirmed", "b@example.org": "pending"}


@database
def test_of_a_group_it_is_one_of_those_kept_and_stays_with_the_group():
    event = make_event(quotas={"in_room": 2})
    cso, un = make_group("cso"), make_group("un")
    rules.keep_seats(
        KeptSeats(event=event, mode="in_room", group=cso, seats=1, until=UNTIL), now=NOW, at=AT
    )
    invitation = holding(event, group=cso)
    make_registration(event, email="un@example.org", group=un)
    assert statuses(event) == {"un@example.org": "confirmed"}
    assert refused(accept, invitation, group=un) == "kept_for_her_group"
    assert fresh(invitation).state(NOW) == State.SENT
    assert accept(invitation, group=cso) == "registered"


@database
def test_fewer_seats_than_are_taken_and_held_are_refused():
    event = make_event(quotas={"in_room": 2})
    invitation = holding(event)
    make_registration(event, email="a@example.org")
    quota = Quota.objects.get(event=event)
    quota.seats = 1
    assert refused(rules.set_quota, quota, now=NOW, at=AT) == "full"
    assert refused(rules.remove_quota, quota, now=NOW) == "full"
    rules.set_quota(quota, now=UNTIL, at=AT)
    assert (seats_held(event, now=NOW), seats_held(event, now=UNTIL)) == ({"in_room": 1}, {})
    assert fresh(invitation).state(UNTIL) == State.EXPIRED


@database
def test_who_was_invited_again_comes_back_to_her_seat():
    event = make_event(quotas={"in_room": 1})
    person = make_registration(event, email="guest@example.org")
    rules.cancel(person, now=NOW, at=AT)
    invitation = holding(event)
    make_registration(event, email="walk-in@example.org")
    rules.come_back(person, mode=ROOM, now=NOW, at=AT)
    assert statuses(event) == {"walk-in@example.org": "waiting", "guest@example.org": "confirmed"}
    assert fresh(invitation).registration == person


@database
def test_whose_address_is_corrected_to_an_invited_one_needs_no_invitation():
    event = make_event(quotas={"in_room": 1})
    invitation = holding(event)
    person = make_registration(event, email="typo@example.org")
    rules.correct_address(person, "guest@example.org", by=None, now=NOW, at=AT)
    assert fresh(invitation).registration == person
    assert statuses(event) == {"guest@example.org": "confirmed"}


# Using it


@database
def test_it_works_once():
    event = make_event()
    invitation = make_invitation(event)
    accept(invitation, submission="form-1")
    assert accept(invitation, submission="form-1") == "sent_twice"
    assert refused(accept, invitation, email="other@example.org") == "invitation_used"
    assert Registration.objects.count() == 1


@database
def test_another_address_may_be_given_but_not_one_that_is_registered():
    event = make_event()
    first, second = make_invitation(event), make_invitation(event, "second@example.org")
    accept(first, email="better@example.org")
    assert fresh(first).registration.email == "better@example.org"
    assert accept(second, email="better@example.org") == "already_registered"
    assert fresh(second).state(NOW) == State.SENT


@database
def test_who_said_no_may_change_her_mind_and_finds_no_seat_held():
    event = make_event(quotas={"in_room": 1})
    invitation = holding(event)
    rules.say_no(invitation, now=NOW, at=AT)
    make_registration(event, email="walk-in@example.org")
    assert accept(invitation) == "waiting"
    assert fresh(invitation).state(NOW) == State.ACCEPTED


@database
def test_withdrawn_it_opens_nothing():
    event = make_event()
    invitation = make_invitation(event)
    rules.withdraw(invitation, now=NOW, at=AT)
    assert refused(accept, invitation) == "invitation_over"
    assert refused(rules.say_no, invitation, now=NOW, at=AT) == "invitation_over"
    other = make_invitation(event)
    accept(other)
    assert refused(rules.withdraw, other, now=NOW, at=AT) == "invitation_used"
    assert refused(rules.say_no, other, now=NOW, at=AT) == "invitation_used"


@database
@pytest.mark.parametrize(
    ("settings", "fields", "plain", "opening"),
    [
        ({"by_invitation": True}, {}, None, None),
        ({"opens_at": NOW + DAY}, {}, "not_yet", None),
        ({"closes_at": NOW}, {}, "time_up", None),
        ({"stopped": True}, {}, "stopped", None),
        ({"by_invitation": True, "stopped": True}, {}, "stopped", None),
        ({}, {"status": Event.Status.CANCELLED}, "cancelled", "cancelled"),
        ({}, {"status": Event.Status.POSTPONED}, "postponed", "postponed"),
    ],
)
def test_what_an_invitation_opens(settings, fields, plain, opening):
    event = make_event(settings=settings)
    rows = [
        make_invitation(event, f"{opens}@example.org", opens_registration=opens)
        for opens in (False, True)
    ]
    Event.objects.filter(pk=event.pk).update(**fields)
    for row, reason in zip(rows, (plain, opening), strict=True):
        if reason:
            assert refused(accept, row) == reason
        else:
            assert accept(row) == "registered"


@database
def test_once_it_has_begun_no_invitation_opens_it():
    event = make_event()
    invitation = make_invitation(event, opens_registration=True, expires_at=event.ends_at)
    assert refused(accept, invitation, now=START) == "over"
    assert accept(invitation, now=START - timedelta(seconds=1)) == "registered"


@database
def test_by_invitation_the_public_form_is_shut_and_nobody_loses_a_seat():
    event = make_event(quotas={"in_room": 1, "online": 2})
    person = make_registration(event)
    RegistrationSettings.objects.filter(event=event).update(by_invitation=True)
    make_invitation(event)
    found = availability_of(event, now=NOW)
    assert (found.reason, found.state, found.gives_seats) == ("by_invitation", "closed", True)
    assert refused(make_registration, event, email="guest@example.org") == "by_invitation"
    rules.change(person, make_details(mode="online"), now=NOW, at=AT)
    assert SeatRequest.objects.get(status="confirmed").mode == "online"
    rules.cancel(person, now=NOW, at=AT)
    assert refused(rules.come_back, person, mode=ROOM, now=NOW, at=AT) == "by_invitation"


# Seeing and reminding


@database
def test_first_seen_is_noted_once():
    invitation = make_invitation(make_event())
    rules.note_opened(invitation, at=AT)
    rules.note_opened(fresh(invitation), at=AT + DAY)
    rules.note_opened(invitation, at=AT + DAY)
    assert (fresh(invitation).opened_at, fresh(invitation).state(NOW)) == (AT, State.OPENED)


@database
def test_the_database_counts_states_as_the_rows_say_them():
    event = make_event()
    rows = [make_invitation(event, f"{n}@example.org") for n in range(6)]
    rules.note_opened(rows[1], at=AT)
    accept(rows[2])
    rules.say_no(rows[3], now=NOW, at=AT)
    rules.say_no(rows[4], now=NOW, at=AT)
    rules.withdraw(rows[4], now=NOW, at=AT)
    for now in (NOW, UNTIL):
        said = {row.pk: row.state(now) for row in Invitation.objects.all()}
        for state in State:
            found = Invitation.objects.in_state(state, now=now).values_list("pk", flat=True)
            assert set(found) == {pk for pk, one in said.items() if one == state}
    assert [fresh(row).state(NOW) for row in rows] == [
        "sent", "opened", "accepted", "declined", "withdrawn", "sent",
    ]  # fmt: skip
    assert fresh(rows[0]).state(UNTIL) == "expired"


@database
def test_who_has_not_answered_is_reminded_once():
    event = make_event()
    rows = [make_invitation(event, f"{n}@example.org") for n in range(4)]
    accept(rows[1])
    rules.say_no(rows[2], now=NOW, at=AT)
    make_invitation(event, "later@example.org", at=AT + DAY)
    before = len(mails())
    assert rules.remind(event, now=NOW, at=AT + DAY - timedelta(seconds=1)) == 0
    assert rules.remind(event, now=NOW, at=AT + DAY) == 2
    assert rules.remind(event, now=NOW, at=AT + DAY) == 0
    reminders = mails()[before:]
    assert [mail["To"].addresses[0].addr_spec for mail in reminders] == [
        "0@example.org", "3@example.org",
    ]  # fmt: skip
    assert reminders[0]["Subject"] == f"Will you come? {event.name}"
    assert "We have not heard from you yet" in text_of(reminders[0])
    assert fresh(rows[0]).reminded_at == AT + DAY


@database
def test_reminders_go_in_transactions_of_a_hundred(monkeypatch):
    monkeypatch.setattr(rules.invitations, "MOST_AT_ONCE", 2)
    event = make_event()
    for n in range(5):
        make_invitation(event, f"{n}@example.org")
    assert rules.remind(event, now=NOW, at=AT + DAY) == 5
    assert len(mails()) == 10


@database
def test_of_what_is_off_or_over_nobody_is_reminded():
    event = make_event()
    make_invitation(event, expires_at=event.ends_at)
    assert refused(rules.remind, event, now=event.ends_at, at=AT + DAY) == "over"
    Event.objects.filter(pk=event.pk).update(status=Event.Status.CANCELLED)
    assert refused(rules.remind, event, now=NOW, at=AT + DAY) == "cancelled"


# Forgetting


@database
def test_who_is_erased_takes_her_invitations_and_their_mails_along():
    event = make_event()
    invitation = make_invitation(event, "work@example.org")
    accept(invitation, email="home@example.org")
    rules.erase(Registration.objects.get(), now=NOW, at=AT)
    assert (Invitation.objects.count(), OutboxMail.objects.count()) == (0, 0)


@database
def test_a_month_after_the_event_unanswered_ones_are_forgotten():
    event, other = make_event(), make_event()
    make_invitation(event, "unanswered@example.org")
    make_invitation(event, "elsewhere@example.org")
    make_registration(other, email="elsewhere@example.org")
    accept(make_invitation(event, "came@example.org"))
    end = event.ends_at + timedelta(days=30)
    assert rules.forget_unanswered(now=end) == 0
    assert rules.forget_unanswered(now=end + timedelta(seconds=1)) == 2
    assert [row.email for row in Invitation.objects.all()] == ["came@example.org"]
    assert {mail.to for mail in OutboxMail.objects.all()} == {
        "elsewhere@example.org", "came@example.org",
    }  # fmt: skip


@database
def test_what_is_held_comes_with_the_event_in_one_query(django_assert_num_queries):
    for rows in (1, 3):
        event = make_event(quotas={"in_room": 5})
        for n in range(rows):
            holding(event, f"{n}@example.org", group=make_group() if n else None)
        with django_assert_num_queries(1):
            found = availability_of(
                with_registration(Event.objects.all()).get(pk=event.pk), now=NOW
            )
        assert seats_free(found.seats[ROOM], group=None, now=NOW) == 5 - rows


# Beside what else can happen to a seat


@database
def test_who_is_entered_by_an_organiser_has_the_seat_held_for_her():
    event = make_event(quotas={"in_room": 1})
    invitation = holding(event, group=make_group("grassroots"))
    rules.enter(
        event, name="Otieno", email="guest@example.org", by=make_organiser("o"), now=NOW, at=AT
    )
    person = Registration.objects.get()
    assert (person.seat.mode, person.group.code) == ("in_room", "grassroots")
    assert fresh(invitation).registration == person


@database
def test_who_comes_by_the_link_that_was_mailed_to_her_has_her_address_confirmed():
    event = make_event(quotas={"in_room": 1}, settings={"address_check": "before"})
    accept(make_invitation(event))
    person = Registration.objects.get()
    assert (person.address_confirmed_at, person.address_asked_at) == (AT, None)


@database
def test_who_gives_another_address_than_the_link_was_mailed_to_is_asked_to_confirm_it():
    event = make_event(quotas={"in_room": 1}, settings={"address_check": "before"})
    accept(make_invitation(event), email="other@example.org")
    person = Registration.objects.get()
    assert (person.address_confirmed_at, person.address_asked_at) == (None, AT)


@database
def test_by_the_public_form_the_invited_address_proves_nothing():
    event = make_event(quotas={"in_room": 1}, settings={"address_check": "before"})
    invitation = make_invitation(event)
    make_registration(event, email=invitation.email)
    assert Registration.objects.get().address_confirmed_at is None
    assert fresh(invitation).registration is not None
