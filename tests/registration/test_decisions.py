"""What organisers decide: confirm, decline, give up, correct the address; what is kept of it."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from events.models import Event
from events.registration import rules
from events.registration.links import LinkRefused, Power, registration_for, token_for
from events.registration.models import (
    AttendanceMode,
    HistoryEntry,
    PersonalDataAccess,
    Registration,
    SeatRequest,
)
from events.registration.queries import seats_taken
from events.registration.rules import Obstacle, Outcome, Refused
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
from tests.registration.people import (
    calendar_lines,
    calendar_parts,
    html_of,
    last_mail,
    mails,
    outbox,
    rows,
    text_of,
)

pytestmark = pytest.mark.django_db
ROOM, ONLINE = AttendanceMode.IN_ROOM, AttendanceMode.ONLINE
LATER = AT + timedelta(days=1)


@pytest.fixture
def achieng():
    """An organiser."""
    return User.objects.create_user("achieng", first_name="Achieng", last_name="Odhiambo")


@pytest.fixture
def event():
    return make_event(number=2, quotas={"in_room": 2, "online": None})


@pytest.fixture
def wanjiru(event):
    return make_registration(event)


def asking(event, status, *, mode="in_room", **fields):
    """Somebody whose wish for a seat stands so."""
    registration = make_registration(event, mode=mode, **fields)
    registration.seat_requests.update(status=status)
    if status == "waiting":
        stop_new_seats(event)
    return registration


def stop_new_seats(event):
    """So that somebody waits beside a free seat: else the list would give it to her."""
    type(event.registration_settings).objects.filter(event=event).update(stopped=True)


def seats(registration):
    return dict(registration.seat_requests.values_list("mode", "status"))


def confirm(registration, by, **changes):
    return rules.confirm(registration, **{"by": by, "now": NOW, "at": LATER, **changes})


def decline(registration, by, **changes):
    return rules.decline(registration, **{"by": by, "now": NOW, "at": LATER, **changes})


def correct_address(registration, email, by):
    return rules.correct_address(registration, email, by=by, now=NOW, at=LATER)


def refused(write, *args, **kwargs):
    """The refusal; that nothing at all was written."""
    before = rows()
    with pytest.raises(Refused) as caught:
        write(*args, **kwargs)
    assert rows() == before
    return caught.value


def told(registration):
    """The history: what, seat, by whom."""
    return [
        (entry.what, entry.mode, entry.from_status, entry.to_status, entry.by_name)
        for entry in registration.history.all()
    ]


def subjects():
    return [str(mail["Subject"]).partition(":")[0] for mail in mails()]


# Confirm


@pytest.mark.parametrize("status", ["pending", "waiting", "declined"])
def test_confirm_gives_the_seat_and_tells_her_with_the_invitation(event, achieng, status):
    registration = asking(event, status)
    assert confirm(registration, achieng) is True
    seat = registration.seat_requests.get()
    assert (seat.status, seat.changed_at) == ("confirmed", LATER)
    assert seats_taken(event) == {"in_room": 1}
    assert outbox()[-1].to == registration.email
    assert subjects()[-1] == "Your seat is confirmed"
    assert "METHOD:REQUEST" in calendar_lines(last_mail())
    assert told(registration)[-1] == (
        "confirmed", "in_room", status, "confirmed", "Achieng Odhiambo",
    )  # fmt: skip
    assert HistoryEntry.objects.latest("pk").at == LATER


def test_confirm_twice_is_confirming_once(event, achieng):
    registration = asking(event, "waiting")
    confirm(registration, achieng)
    before = rows()
    assert confirm(registration, achieng) is False
    assert rows() == before


def test_confirm_into_a_full_mode_is_refused_with_how_many_are_taken(event, achieng):
    for number in range(2):
        make_registration(event, email=f"{number}@example.org")
    event.quotas.filter(mode="in_room").update(seats=3)
    registration = asking(event, "waiting")
    event.quotas.filter(mode="in_room").update(seats=2)
    refusal = refused(confirm, registration, achieng)
    assert refusal.reason == Reason.FULL
    assert (refusal.seats.taken, refusal.seats.limit) == (2, 2)


def test_confirm_keeps_what_is_kept_for_a_group(event, achieng):
    registration = asking(event, "waiting")
    event.kept_seats.create(
        mode="in_room", group=make_group("youth"), seats=2, until=NOW + timedelta(days=1)
    )
    refusal = refused(confirm, registration, achieng)
    assert (refusal.reason, refusal.seats.taken) == (Reason.KEPT, 0)
    assert confirm(registration, achieng, now=NOW + timedelta(days=1)) is True


def test_confirm_goes_on_once_registration_is_closed_but_not_once_the_event_is_over(event, achieng):
    registration = asking(event, "waiting")
    assert refused(confirm, registration, achieng, now=event.ends_at).reason == Reason.OVER
    stop_new_seats(event)
    assert confirm(registration, achieng, now=START) is True


def test_confirm_is_refused_for_a_cancelled_event_and_a_mode_not_offered(event, achieng):
    registration = asking(event, "waiting")
    event.quotas.filter(mode="in_room").delete()
    assert refused(confirm, registration, achieng).reason == Reason.NOT_OFFERED
    Event.objects.update(status=Event.Status.CANCELLED)
    assert refused(confirm, registration, achieng).reason == Reason.CANCELLED


def test_confirm_of_a_seat_given_up_or_never_asked_for_is_refused(wanjiru, achieng):
    assert refused(confirm, wanjiru, achieng, mode=ONLINE).reason == Obstacle.NOT_ASKED
    rules.cancel(wanjiru, now=NOW, at=AT)
    assert refused(confirm, wanjiru, achieng).reason == Obstacle.GAVE_UP


def test_confirm_of_the_room_gives_up_the_seat_held_online(event, achieng):
    registration = make_registration(event, mode="online")
    registration.seat_requests.update(rank=2)
    SeatRequest.objects.create(registration=registration, mode="in_room", rank=1, status="waiting")
    stop_new_seats(event)
    assert confirm(registration, achieng) is True
    assert seats(registration) == {"in_room": "confirmed", "online": "cancelled"}
    assert subjects()[-1] == "You take part another way now"
    assert told(registration)[1:] == [
        ("gave_up", "online", "confirmed", "cancelled", "Achieng Odhiambo"),
        ("confirmed", "in_room", "waiting", "confirmed", "Achieng Odhiambo"),
    ]


# Decline


def test_decline_takes_the_seat_back_and_out_of_her_calendar(event, wanjiru, achieng):
    assert decline(wanjiru, achieng, reason="The room is <small>.\nSorry.") is True
    assert seats(wanjiru) == {"in_room": "declined"}
    assert seats_taken(event) == {}
    message = last_mail()
    assert message["Subject"] == "We can’t give you this seat: Roundtable 2"
    text = text_of(message)
    assert "the organisers can’t give you a seat of this kind: In the room." in text
    assert "The room is <small>.\nSorry." in text
    assert "The room is &lt;small&gt;.<br>Sorry." in html_of(message)
    assert "METHOD:CANCEL" in calendar_lines(message)
    assert Registration.objects.get().calendar_revision == 1
    entry = HistoryEntry.objects.latest("pk")
    assert (entry.what, entry.from_status, entry.to_status) == (
        "declined", "confirmed", "declined",
    )  # fmt: skip
    assert (entry.reason, entry.by, entry.at) == (
        "The room is <small>.\nSorry.", achieng, LATER,
    )  # fmt: skip


@pytest.mark.parametrize("status", ["pending", "waiting"])
def test_decline_of_a_wish_leaves_the_calendar_alone(event, achieng, status):
    registration = asking(event, status)
    assert decline(registration, achieng) is True
    assert seats(registration) == {"in_room": "declined"}
    assert calendar_parts(last_mail()) == []


def test_decline_twice_is_declining_once(wanjiru, achieng):
    decline(wanjiru, achieng)
    before = rows()
    assert decline(wanjiru, achieng) is False
    assert rows() == before


def test_decline_of_one_way_leaves_the_other_seat_and_the_calendar(event, achieng):
    registration = make_registration(event, mode="online")
    SeatRequest.objects.create(registration=registration, mode="in_room", status="waiting")
    stop_new_seats(event)
    assert decline(registration, achieng, mode=ROOM) is True
    assert seats(registration) == {"in_room": "declined", "online": "confirmed"}
    assert calendar_parts(last_mail()) == []
    assert "You take part: Online" in text_of(last_mail())


def test_decline_of_who_gave_up_or_never_asked_is_refused(wanjiru, achieng):
    assert refused(decline, wanjiru, achieng, mode=ONLINE).reason == Obstacle.NOT_ASKED
    rules.cancel(wanjiru, now=NOW, at=AT)
    assert refused(decline, wanjiru, achieng).reason == Obstacle.GAVE_UP


def test_who_was_declined_gets_no_seat_by_registering_again(event, wanjiru, achieng):
    decline(wanjiru, achieng)
    before = rows()
    for mode in ("in_room", "online"):
        outcome = rules.register(
            event, make_details(mode=mode), email="WANJIRU@example.org", language="en",
            submission=None, now=NOW, at=LATER,
        )  # fmt: skip
        assert outcome == Outcome.ALREADY_REGISTERED
        text = text_of(last_mail())
        assert "The organisers could not give you a seat, and that has not changed." in text
    after = rows()
    assert after | {"OutboxMail": []} == before | {"OutboxMail": []}


def test_who_was_declined_does_not_come_back_by_her_link(event, wanjiru, achieng):
    decline(wanjiru, achieng)
    for mode in (ROOM, ONLINE):
        refusal = refused(rules.come_back, wanjiru, mode=mode, now=NOW, at=LATER)
        assert refusal.reason == Obstacle.DECLINED


def test_who_was_declined_the_room_does_not_move_there_from_her_seat_online(event, achieng):
    registration = make_registration(event, mode="online")
    SeatRequest.objects.create(registration=registration, mode="in_room", status="declined")
    wish = make_details(mode="in_room")
    refusal = refused(rules.change, registration, wish, now=NOW, at=LATER)
    assert refusal.reason == Obstacle.DECLINED
    assert seats(registration) == {"in_room": "declined", "online": "confirmed"}


def test_who_was_declined_the_room_and_gives_up_her_seat_online_is_not_asked_back(event):
    """``come_back`` would refuse her."""
    registration = make_registration(event, mode="online")
    SeatRequest.objects.create(registration=registration, mode="in_room", status="declined")
    rules.cancel(registration, now=NOW, at=LATER)
    assert last_mail()["Subject"] == "You gave up your seat: Roundtable 2"
    for body in (text_of(last_mail()), html_of(last_mail())):
        assert "come back" not in body.lower()
        assert "Your registration is here." in body


def test_who_was_declined_and_is_confirmed_after_all_has_her_seat(event, wanjiru, achieng):
    decline(wanjiru, achieng)
    assert confirm(wanjiru, achieng) is True
    assert seats_taken(event) == {"in_room": 1}
    # The entry that was taken out comes back: it must be newer than that.
    assert Registration.objects.get().calendar_revision == 2


# Give up for her


def test_cancel_by_an_organiser_says_who_did_it(wanjiru, achieng):
    assert rules.cancel(wanjiru, by=achieng, now=NOW, at=LATER) is True
    assert last_mail()["Subject"] == "Your seat was given up: Roundtable 2"
    assert "The organisers gave up your seat for you." in text_of(last_mail())
    assert told(wanjiru)[-1] == (
        "gave_up", "in_room", "confirmed", "cancelled", "Achieng Odhiambo",
    )  # fmt: skip
    assert rules.cancel(wanjiru, by=achieng, now=NOW, at=LATER) is False


# Correct the address


def test_correct_address_moves_links_and_mails(wanjiru, achieng):
    rules.register_companion(wanjiru, make_details(name="Otieno"), submission=None, now=NOW, at=AT)
    companion = wanjiru.companions.get()
    old = [(token_for(row, power), power) for row in (wanjiru, companion) for power in Power]
    before = len(outbox())
    assert correct_address(wanjiru, "w.kamau@example.org", achieng) is True
    for token, power in old:
        with pytest.raises(LinkRefused):
            registration_for(token, power)
    assert [mail.to for mail in outbox()[before:]] == [
        "wanjiru@example.org", "w.kamau@example.org", "w.kamau@example.org",
    ]  # fmt: skip
    _left, new, hers = mails()[before:]
    row = Registration.objects.get(pk=wanjiru.pk)
    assert (row.email, row.changed_at) == ("w.kamau@example.org", LATER)
    assert token_for(row, Power.MANAGE) in text_of(new)
    assert "METHOD:REQUEST" in calendar_lines(new)
    assert "Dear Otieno," in text_of(hers)
    assert token_for(Registration.objects.get(pk=companion.pk), Power.MANAGE) in text_of(hers)
    entry = row.history.latest("pk")
    assert (entry.what, entry.old_address, entry.new_address, entry.by_name) == (
        "address_corrected", "wanjiru@example.org", "w.kamau@example.org", "Achieng Odhiambo",
    )  # fmt: skip


def test_the_earlier_address_learns_neither_name_nor_link_nor_the_new_address(wanjiru, achieng):
    correct_address(wanjiru, "w.kamau@example.org", achieng)
    (left,) = mails("wanjiru@example.org")[1:]
    raw = left.as_string() + text_of(left) + html_of(left)
    assert left["Subject"] == "A registration uses your address no longer: Roundtable 2"
    assert left["To"] == "wanjiru@example.org"
    for secret in ("Wanjiru", "Kamau", "w.kamau", "/registrations/", "In the room"):
        assert secret not in raw
    assert calendar_parts(left) == []


def test_correct_address_to_what_it_is_changes_nothing(wanjiru, achieng):
    before = rows()
    assert correct_address(wanjiru, "wanjiru@example.org", achieng) is False
    assert rows() == before


def test_correct_address_in_capitals_alone_keeps_the_links_and_tells_nobody(wanjiru, achieng):
    token, before = token_for(wanjiru, Power.MANAGE), len(outbox())
    assert correct_address(wanjiru, "Wanjiru@example.org", achieng) is True
    assert registration_for(token, Power.MANAGE).email == "Wanjiru@example.org"
    assert len(outbox()) == before


@pytest.mark.parametrize("taken", ["otieno@example.org", "OTIENO@Example.org"])
def test_correct_address_to_somebody_elses_is_refused(event, wanjiru, achieng, taken):
    make_registration(event, email="otieno@example.org")
    make_registration(make_event(), email="elsewhere@example.org")
    refusal = refused(correct_address, wanjiru, taken, achieng)
    assert refusal.reason == Obstacle.ADDRESS_TAKEN
    assert correct_address(wanjiru, "elsewhere@example.org", achieng) is True


def test_correct_address_away_leaves_nobody_to_write_to(wanjiru, achieng):
    old = token_for(wanjiru, Power.MANAGE)
    assert correct_address(wanjiru, None, achieng) is True
    assert Registration.objects.get().email is None
    assert [mail.to for mail in outbox()] == ["wanjiru@example.org"] * 2
    with pytest.raises(LinkRefused):
        registration_for(old, Power.MANAGE)


def test_correct_address_gives_a_companion_one_of_her_own(wanjiru, achieng):
    rules.register_companion(wanjiru, make_details(name="Otieno"), submission=None, now=NOW, at=AT)
    before = len(outbox())
    correct_address(wanjiru.companions.get(), "otieno@example.org", achieng)
    assert [mail.to for mail in outbox()[before:]] == ["otieno@example.org"]


def test_a_mail_to_the_new_address_without_a_seat_has_no_invitation(event, achieng):
    registration = asking(event, "waiting")
    correct_address(registration, "w.kamau@example.org", achieng)
    assert calendar_parts(last_mail()) == []
    assert "The invitation" not in text_of(last_mail())


# What is kept of it


def test_history_of_what_the_person_did_herself(event, wanjiru):
    change = {"now": NOW, "at": AT}
    rules.change(wanjiru, make_details(name="Wanjiru K.", phone="0700000000"), **change)
    rules.change(
        wanjiru, make_details(name="Wanjiru K.", phone="0700000000", mode="online"), **change
    )
    rules.send_links(event, email=wanjiru.email, at=AT)
    rules.cancel(wanjiru, now=NOW, at=AT)
    rules.come_back(wanjiru, mode=ROOM, now=NOW, at=AT)
    assert told(wanjiru) == [
        ("registered", "in_room", "", "confirmed", ""),
        ("changed", "", "", "", ""),
        ("gave_up", "in_room", "confirmed", "cancelled", ""),
        ("asked", "online", "", "confirmed", ""),
        ("link_sent", "", "", "", ""),
        ("gave_up", "online", "confirmed", "cancelled", ""),
        ("returned", "in_room", "", "confirmed", ""),
    ]
    assert [entry.why for entry in wanjiru.history.all()] == [
        "free", "", "wanted_less", "free", "", "", "free",
    ]  # fmt: skip
    assert wanjiru.history.get(what="changed").fields == ["name", "phone"]


def test_history_names_answers_and_keeps_none(wanjiru):
    rules.change(
        wanjiru,
        make_details(
            support={"captions": "I read lips."},
            voices=[make_voice("refugees", label="Refugees")],
            question="Who pays?",
            consents={"photographs": True},
        ),
        now=NOW,
        at=AT,
    )
    entry = wanjiru.history.latest("pk")
    assert entry.fields == ["question", "support", "consents"]
    kept = str(list(HistoryEntry.objects.values()))
    for secret in ("captions", "lips", "efugees", "voice", "Who pays"):
        assert secret not in kept


def test_nothing_changed_is_no_entry(wanjiru):
    rules.change(wanjiru, make_details(), now=NOW, at=AT)
    rules.change(wanjiru, make_details(voices=[make_voice()]), now=NOW, at=AT)
    rules.correct(wanjiru, now=NOW, at=AT)
    assert wanjiru.history.count() == 1


def test_correct_notes_which_details_by_whom(wanjiru, achieng):
    wanjiru.organisation, wanjiru.county = "Naka Residents", "032"
    rules.correct(wanjiru, by=achieng, now=NOW, at=LATER)
    entry = wanjiru.history.latest("pk")
    assert (entry.what, entry.fields, entry.by_name) == (
        "corrected", ["organisation", "county"], "Achieng Odhiambo",
    )  # fmt: skip


def test_history_keeps_a_colleagues_name_when_the_account_is_gone(wanjiru, achieng):
    decline(wanjiru, achieng)
    achieng.delete()
    entry = wanjiru.history.latest("pk")
    assert (entry.by, entry.by_name) == (None, "Achieng Odhiambo")


def test_history_is_not_written_where_the_rule_refuses(event, achieng):
    registration = asking(event, "waiting")
    event.quotas.filter(mode="in_room").update(seats=0)
    refused(confirm, registration, achieng)


def test_erase_leaves_a_count_and_nobody(event, wanjiru, achieng):
    other = make_registration(event, email="otieno@example.org")
    correct_address(wanjiru, "w.kamau@example.org", achieng)
    wanjiru.refresh_from_db()
    rules.erase(wanjiru, by=achieng, now=NOW, at=LATER)
    rules.erase(other, by=achieng, now=NOW, at=LATER)
    assert HistoryEntry.objects.count() == 0
    # Also what was written to her earlier address.
    assert outbox() == []
    log = PersonalDataAccess.objects.get()
    assert (log.what, log.number, log.event, log.by, log.reference) == (
        "erased", 2, event, achieng, "",
    )  # fmt: skip


def test_erase_keeps_mails_of_somebody_who_has_her_earlier_address_now(event, wanjiru, achieng):
    correct_address(wanjiru, "w.kamau@example.org", achieng)
    make_registration(event, email="wanjiru@example.org")
    wanjiru.refresh_from_db()
    rules.erase(wanjiru, by=achieng, now=NOW, at=LATER)
    assert {mail.to for mail in outbox()} == {"wanjiru@example.org"}


@pytest.mark.parametrize("others", [0, 3])
def test_decisions_cost_a_constant_number_of_queries(
    event, achieng, others, django_assert_num_queries
):
    for number in range(others):
        asking(event, "pending", email=f"person-{number}@example.org")
    registration = asking(event, "pending")
    with django_assert_num_queries(18):
        confirm(registration, achieng)
    with django_assert_num_queries(15):
        decline(registration, achieng)
    with django_assert_num_queries(16):
        correct_address(registration, "w.kamau@example.org", achieng)
