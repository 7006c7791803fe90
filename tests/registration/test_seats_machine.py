"""Whatever happens in whatever turn: nobody has a seat twice, and nobody waits for a free one.

Hypothesis makes up what people and organisers do; after each step the database
itself is looked at. With a guard taken away, the same machine finds the fault.
"""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db.models import ProtectedError
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from events.registration import rules
from events.registration import seats as policy
from events.registration.address_check import Plan
from events.registration.models import (
    AddressCheck,
    AttendanceMode,
    HistoryEntry,
    Invitation,
    KeptSeats,
    Quota,
    Registration,
    RegistrationSettings,
    SeatRequest,
)
from events.registration.outbox.models import OutboxMail
from events.registration.queries import availability_of, seats_held
from events.registration.rules import Guest, Refused, Terms, accepting, addresses, giving
from events.registration.seats import seats_free
from tests.factories import AT, NOW, make_details, make_event, make_group, make_organiser

GROUPS = ("community", "cso", "grassroots")
MODES = list(AttendanceMode)
Status = SeatRequest.Status

people = st.integers(0, 7)
modes = st.sampled_from(MODES)
groups = st.sampled_from(GROUPS)
few = st.integers(1, 3)


class Table(RuleBasedStateMachine):
    """An event with few seats, people who want them one after the other, and its organisers."""

    @initialize(
        room=few, online=few,
        invited=st.lists(st.tuples(modes, st.one_of(st.none(), groups)), max_size=2),
        first=st.lists(st.tuples(modes, groups, st.booleans()), min_size=4, max_size=7),
        check=st.sampled_from([AddressCheck.WHEN_WAITING, AddressCheck.BEFORE]),
        known=st.sets(people, max_size=3),
    )  # fmt: skip
    def publish(self, *, room, online, invited, first, check, known):
        self.groups = {code: make_group(code) for code in GROUPS}
        self.event = make_event(
            quotas={"in_room": room, "online": online}, settings={"address_check": check}
        )
        self.organiser = make_organiser(f"organiser-{self.event.pk}")
        self.now = NOW
        self.came = self.invited = 0
        self.before = {}
        self.at = AT
        for mode, group in invited:
            self.invite_with_a_seat(mode, group, 2)
        for mode, group, meanwhile in first:
            self.register(mode, group, meanwhile)
        for number in sorted(known):
            self.confirm_address(number)

    def person(self, number):
        """Somebody who registered: of those who came, the one of this number."""
        email = f"person-{number % max(self.came, 1)}@example.org"
        return Registration.objects.with_details().filter(event=self.event, email=email).first()

    def invitation(self, number):
        """Of the invitations sent so far, the one of this number, answered or not."""
        email = f"guest-{number % max(self.invited, 1) + 1}@example.org"
        return Invitation.objects.filter(event=self.event, email=email).first()

    def do(self, act, *args, **kwargs):
        """Do it, or be refused: then nothing may have changed."""
        before = self.requests()
        try:
            act(*args, now=self.now, at=self.at, **kwargs)
        except (Refused, ProtectedError):
            assert self.requests() == before

    def to(self, act, number, **kwargs):
        person = self.person(number)
        if person:
            self.do(act, person, **kwargs)

    def requests(self):
        rows = SeatRequest.objects.filter(event=self.event)
        return {row.pk: row for row in rows.select_related("registration__group")}

    # What people do

    @rule(mode=modes, group=groups, meanwhile=st.booleans())
    def register(self, mode, group, meanwhile):
        details = make_details(mode=mode, group=self.groups[group], meanwhile=meanwhile)
        email = f"person-{self.came}@example.org"
        self.came += 1
        self.do(rules.register, self.event, details, email=email, language="en", submission=None)

    @rule(number=people, mode=modes, group=groups)
    def register_again(self, number, mode, group):
        person = self.person(number)
        if person:
            details = make_details(mode=mode, group=self.groups[group])
            self.do(
                rules.register, self.event, details, email=person.email, language="en",
                submission=None,
            )  # fmt: skip

    @rule(number=people, mode=modes, group=groups)
    def change(self, number, mode, group):
        self.to(rules.change, number, details=make_details(mode=mode, group=self.groups[group]))

    @rule(number=people, mode=modes, brought=st.lists(groups, min_size=1, max_size=3))
    def register_several(self, number, mode, brought):
        told = [make_details(mode=mode, group=self.groups[group]) for group in brought]
        self.to(rules.register_several, number, people=told, submission=None)

    @rule(number=people)
    def cancel(self, number):
        self.to(rules.cancel, number)

    @rule(number=people, mode=modes)
    def come_back(self, number, mode):
        self.to(rules.come_back, number, mode=mode)

    @rule(number=people, mode=modes, group=st.one_of(st.none(), groups))
    def accept(self, number, mode, group):
        """By the link, in the group and mode she was invited as or in others."""
        invitation = self.invitation(number)
        if invitation:
            as_invited = group is None
            chosen = invitation.group if as_invited else self.groups[group]
            details = make_details(
                mode=(invitation.mode or mode) if as_invited else mode,
                group=chosen or self.groups["cso"],
            )
            had = invitation.holds_at(self.now) and as_invited
            self.do(
                rules.register, self.event, details, email=invitation.email, language="en",
                submission=None, invitation=invitation,
            )  # fmt: skip
            registered = Invitation.objects.get(pk=invitation.pk).registration
            if had and registered:
                seat = registered.seat_requests.get(mode=invitation.mode)
                assert seat.status == Status.CONFIRMED, f"not the seat held: {seat}"

    @rule(number=people)
    def say_no(self, number):
        invitation = self.invitation(number)
        if invitation:
            self.do(rules.say_no, invitation)

    @rule(number=people, mode=modes)
    def take_meanwhile(self, number, mode):
        self.to(rules.take_meanwhile, number, mode=mode)

    @rule(number=people, mode=modes)
    def stop_waiting(self, number, mode):
        self.to(rules.stop_waiting, number, mode=mode)

    @rule(number=people)
    def confirm_address(self, number):
        self.to(rules.confirm_address, number)

    # What organisers do

    @rule(mode=st.one_of(st.none(), modes), group=st.one_of(st.none(), groups))
    def enter(self, mode, group):
        email = f"person-{self.came}@example.org"
        self.came += 1
        self.do(
            rules.enter, self.event, name="Otieno", email=email, mode=mode,
            group=self.groups.get(group), by=self.organiser,
        )  # fmt: skip

    @rule(number=people)
    def correct_address(self, number):
        """To one that nobody else has, and back: she is asked anew."""
        person = self.person(number)
        if person:
            for email in (f"other-{person.email}", person.email):
                self.do(rules.correct_address, person, email=email, by=None)

    @rule(rule=st.sampled_from(list(AddressCheck)))
    def check_addresses_otherwise(self, rule):
        rows = RegistrationSettings.objects.filter(event=self.event)
        rows.update(address_check=rule)

    @rule(number=people, mode=st.one_of(st.none(), modes))
    def confirm(self, number, mode):
        self.to(rules.confirm, number, by=None, mode=mode)

    @rule(number=people, mode=st.one_of(st.none(), modes))
    def decline(self, number, mode):
        self.to(rules.decline, number, by=None, mode=mode)

    @rule(number=people)
    def erase(self, number):
        self.to(rules.erase, number)

    @rule(mode=modes, group=st.one_of(st.none(), groups), days=st.integers(1, 4))
    def invite_with_a_seat(self, mode, group, days):
        self.invited += 1
        guest = Guest(
            "Grace Achieng", f"guest-{self.invited}@example.org",
            self.groups[group] if group else None, mode,
        )  # fmt: skip
        terms = Terms(
            expires_at=self.now + timedelta(days=days), holds_seat=True, opens_registration=True
        )
        self.do(rules.invite, self.event, guest, terms, by=None)

    @rule(number=people)
    def withdraw(self, number):
        invitation = self.invitation(number)
        if invitation:
            self.do(rules.withdraw, invitation)

    @rule(mode=modes, seats=st.sampled_from([0, 1, 2, 3, 4, None]))
    def set_quota(self, mode, seats):
        quota = Quota.objects.get(event=self.event, mode=mode)
        quota.seats = seats
        self.do(rules.set_quota, quota)

    @rule(mode=modes, group=groups, seats=st.integers(1, 2), days=st.integers(1, 6))
    def keep_seats(self, mode, group, seats, days):
        row = KeptSeats.objects.filter(event=self.event, mode=mode, group__code=group).first()
        row = row or KeptSeats(event=self.event, mode=mode, group=self.groups[group])
        row.seats, row.until = seats, NOW + timedelta(days=days)
        self.do(rules.keep_seats, row)

    @rule(mode=modes)
    def keep_no_longer(self, mode):
        row = KeptSeats.objects.filter(event=self.event, mode=mode).first()
        if row:
            self.do(rules.keep_no_longer, row)

    @rule(stopped=st.sampled_from([False, False, True]), approval=st.sampled_from([False, True]))
    def decide_otherwise(self, stopped, approval):
        rows = RegistrationSettings.objects.filter(event=self.event)
        rows.update(stopped=stopped, approval=approval)
        self.do(rules.move_up, self.event)

    @rule(hours=st.integers(1, 48))
    def time_passes(self, hours):
        """And the worker comes round."""
        self.now += timedelta(hours=hours)
        self.do(rules.move_up, self.event)

    @rule(hours=st.sampled_from([1, 24, 25]), leaves=st.sampled_from([True, True, False]))
    def real_time_passes(self, hours, leaves):
        """And the worker comes round three times; what it writes leaves, or does not."""
        for pause in (0, hours, hours):
            self.at += timedelta(hours=pause)
            self.check_addresses()
            if leaves:
                queued = OutboxMail.objects.exclude(state="sent")
                queued.update(state="sent", sent_at=self.at)

    def check_addresses(self):
        """Whose seat goes by it had not confirmed her address, under a rule that takes seats."""
        confirmed = set(
            Registration.objects.exclude(address_confirmed_at=None).values_list("pk", flat=True)
        )
        rule = RegistrationSettings.objects.get(event=self.event).address_check
        waiting = SeatRequest.objects.waiting(self.event).count()
        entries = HistoryEntry.objects.filter(what=HistoryEntry.What.RELEASED)
        last = max(entries.values_list("pk", flat=True), default=0)
        asked = dict(Registration.objects.values_list("pk", "address_asked_at"))
        self.do(rules.check_addresses, self.event)
        released = list(entries.filter(pk__gt=last))
        assert not released or rule != AddressCheck.NEVER, "released under never"
        assert not confirmed & {one.registration_id for one in released}, "had confirmed"
        if rule == AddressCheck.WHEN_WAITING:
            assert len(released) <= waiting, f"more than wait: {released}"
        # As it was before: who lost one seat may have moved up to another since.
        hurried = [
            one
            for one in released
            if not asked[one.registration_id]
            or self.at - asked[one.registration_id] < timedelta(hours=48)
        ]
        assert hurried == [], "before her time"

    # What must hold

    @invariant()
    def all_is_right(self):
        rows = list(self.requests().values())
        self.seats_are_not_given_twice(rows)
        self.nobody_waits_for_a_seat_she_may_have(rows)
        self.nobody_is_passed_by_but_for_a_kept_seat(rows)
        self.before = {row.pk: row.status for row in rows}

    def seats_are_not_given_twice(self, rows):
        taken = Counter(row.mode for row in rows if row.status == Status.CONFIRMED)
        limits = dict(self.event.quotas.values_list("mode", "seats"))
        over = [mode for mode, number in taken.items()
                if limits[mode] is not None and number > limits[mode]]  # fmt: skip
        assert over == [], f"more than there are: {taken}, {limits}"
        held = seats_held(self.event, now=self.now)
        lost = [mode for mode, number in held.items()
                if limits[mode] is not None and taken[mode] + number > limits[mode]]  # fmt: skip
        assert lost == [], f"given away what was held: {taken}, {held}, {limits}"
        wishes = Counter((row.registration_id, row.mode) for row in rows)
        assert [wish for wish, number in wishes.items() if number > 1] == [], "two wishes"
        held = Counter(row.registration_id for row in rows if row.status == Status.CONFIRMED)
        assert [person for person, number in held.items() if number > 1] == [], "two seats"

    def nobody_waits_for_a_seat_she_may_have(self, rows):
        found = availability_of(self.event, now=self.now)
        if not found.gives_seats:
            return
        for row in rows:
            if row.status == Status.WAITING:
                seats = found.seats[AttendanceMode(row.mode)]
                group = row.registration.group.code
                free = seats_free(seats, group=group, now=self.now)
                assert free == 0, f"waits in vain: {row}, {group}"

    def nobody_is_passed_by_but_for_a_kept_seat(self, rows):
        """A seat went past somebody only to a group that seats are kept for at that time."""
        given = [row for row in rows if row.status == Status.CONFIRMED
                 and self.before.get(row.pk) != Status.CONFIRMED]  # fmt: skip
        if not given:
            return
        kept = set(
            KeptSeats.objects.filter(event=self.event, until__gt=self.now).values_list(
                "mode", "group__code"
            )
        )
        for row in given:
            entry = row.registration.history.filter(mode=row.mode).order_by("-pk").first()
            if entry.what == entry.What.CONFIRMED:
                # By the organisers, who may.
                continue
            assert entry.why, f"nobody says why: {row}"
            if entry.why == entry.Why.INVITED:
                # It was held for her, and for nobody who waits.
                continue
            passed = {
                other.registration.group.code
                for other in rows
                if other.mode == row.mode and other.pk < row.pk and other.status == Status.WAITING
            }
            group = row.registration.group.code
            rightly = not passed or ((row.mode, group) in kept and group not in passed)
            assert rightly, f"passed by: {row}, {group}, {passed}"


def run(examples, *, repeatable=False):
    run_state_machine_as_test(
        Table,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            database=None,
            derandomize=repeatable,
            # A fault is shown as it was found; making it smaller takes minutes.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


def who_confirmed(event, mode):
    """The control: it is looked for the wrong people."""
    return SeatRequest.objects.filter(
        event=event,
        mode=mode,
        status=Status.CONFIRMED,
        registration__address_confirmed_at__isnull=False,
    )


def all_at_once(rule, holders, **_):
    """The control: whoever is found loses her seat."""
    return Plan(release=tuple(holder.request for holder in holders))


@pytest.mark.django_db
def test_for_any_sequence_of_what_people_and_organisers_do():
    run(10)


@pytest.mark.slow
@pytest.mark.django_db
def test_for_many_sequences():
    run(60)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("guard", "without", "fault"),
    [
        ("is_free", lambda *_, **__: True, "more than there are"),
        ("_next", lambda *_, **__: [], "waits in vain"),
        ("drop_wanted_less", lambda *_, **__: None, "(?i)unique"),
    ],
    ids=["looks at the seats", "moves people up", "one seat a person"],
)
def test_without_its_guard_the_machine_finds_the_fault(monkeypatch, guard, without, fault):
    monkeypatch.setattr(giving, guard, without)
    with pytest.raises(Exception, match=fault):
        run(60, repeatable=True)


@pytest.mark.django_db
def test_without_what_is_held_the_machine_finds_who_lost_hers(monkeypatch):
    """The control: what is held for people invited is held back from nobody."""
    monkeypatch.setattr(policy, "held_by_group", lambda *_, **__: {})
    with pytest.raises(AssertionError, match=r"given away what was held|not the seat held"):
        run(60, repeatable=True)


@pytest.mark.django_db
def test_without_its_seat_an_invitation_is_found_out(monkeypatch):
    """The control: who accepts is given what others would have."""
    taking = accepting.take

    def without_it(*args, **kwargs):
        found = taking(*args, **kwargs)
        return replace(found, held=False, found=replace(found.found, seats=args[1].seats))

    monkeypatch.setattr(accepting, "take", without_it)
    with pytest.raises(AssertionError, match=r"not the seat held|waits in vain"):
        run(60, repeatable=True)


@pytest.mark.django_db
def test_without_turns_the_machine_finds_who_was_passed_by(monkeypatch):
    """The control: the list is read from its end."""
    backwards = giving.in_turn
    monkeypatch.setattr(
        giving, "in_turn", lambda seats, line, *, now: backwards(seats, line[::-1], now=now)
    )
    with pytest.raises(AssertionError, match="passed by"):
        run(60, repeatable=True)


@pytest.mark.django_db
def test_without_the_policy_the_machine_finds_who_lost_her_seat_wrongly(monkeypatch):
    monkeypatch.setattr(addresses, "plan", all_at_once)
    with pytest.raises(AssertionError, match=r"before her time|more than wait"):
        run(60, repeatable=True)


@pytest.mark.django_db
def test_the_machine_finds_who_lost_her_seat_though_she_had_confirmed(monkeypatch):
    """The control: of all who hold a seat it is they whom the check takes it from."""
    monkeypatch.setattr(addresses, "_unconfirmed", who_confirmed)
    monkeypatch.setattr(addresses, "plan", all_at_once)
    with pytest.raises(AssertionError, match="had confirmed"):
        run(60, repeatable=True)
