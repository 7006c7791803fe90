"""Very many registrations, written past the rules: nobody asks for a hundred thousand mails."""

from datetime import timedelta

from events.registration.models import Registration, SeatRequest, SupportNeed
from tests.factories import AT, make_event, make_group

PEOPLE = 100_000
GROUPS = ("cso", "un", "women", "youth", "grassroots")
COUNTRIES = ("KE", "UG", "TZ", "RW", "ET", "SO", "SS", "GB", "FR", "US")


def status_of(place):
    """A few wait for the organisers, some for a seat, most have one."""
    if place % 1000 == 0:
        return "pending"
    return "confirmed" if place % 7 else "waiting"


def make_crowd(number=PEOPLE, *, events=3):
    """So many people at a few events, the most at the first; returns the events."""
    rows = [make_event() for _ in range(events)]
    groups = [make_group(code) for code in GROUPS]
    for start in range(0, number, 5000):
        people = Registration.objects.bulk_create(
            Registration(
                event=rows[place % 10 if place % 10 < events else 0],
                name=f"Person {place} Kamau",
                email=f"person-{place}@example.org",
                organisation=f"Residents of street {place % 997}",
                country=COUNTRIES[place % 10],
                county="032" if place % 10 == 0 else "",
                group=groups[place % 5],
                created_at=AT + timedelta(seconds=place),
                changed_at=AT,
            )
            for place in range(start, min(start + 5000, number))
        )
        SeatRequest.objects.bulk_create(
            SeatRequest(
                registration=person,
                event_id=person.event_id,
                mode="online" if place % 3 else "in_room",
                status="pending"
                if place % 1000 == 0
                else "waiting"
                if place % 7 == 0
                else "confirmed",
            )
            for place, person in enumerate(people, start)
        )
        SupportNeed.objects.bulk_create(
            SupportNeed(registration=person, kind="captions", note="I read lips.")
            for place, person in enumerate(people, start)
            if place % 50 == 0
        )
    return rows
