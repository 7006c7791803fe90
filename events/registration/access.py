"""The log of who saw, took away or erased personal data. Its only writer.

It is written before the data is shown: where it can't be written, nothing is.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import F

from events.models import Event
from events.registration.history import name_of
from events.registration.models import PersonalDataAccess, Registration

What = PersonalDataAccess.What
# Who looks at the same thing again within this time is counted in the same row.
AGAIN = timedelta(hours=1)


def record(
    what: str,
    *,
    by: AbstractBaseUser | AnonymousUser | None,
    at: datetime,
    event: Event | None = None,
    registration: Registration | None = None,
    number: int = 1,
    columns: Collection[str] = (),
    filters: str = "",
) -> None:
    """Note that somebody saw ``number`` rows of personal data at ``at`` (real time).

    Exports each have a row of their own.
    """
    user = by if by is not None and by.is_authenticated else None
    values = {
        "what": what,
        "by_id": user.pk if user else None,
        "by_name": name_of(user),
        "event_id": event.pk if event else registration.event_id if registration else None,
        "reference": registration.reference if registration else "",
        "columns": list(columns),
        "filters": filters[: PersonalDataAccess._meta.get_field("filters").max_length],
    }
    if what != What.EXPORT:
        same = PersonalDataAccess.objects.filter(**values, at__gt=at - AGAIN)
        if same.update(number=F("number") + number, last_at=at):
            return
    PersonalDataAccess.objects.create(**values, number=number, at=at, last_at=at)


def record_erased(
    *, by: AbstractBaseUser | AnonymousUser | None, event: Event, at: datetime
) -> None:
    """Note that a person was erased: that one was, and not who."""
    record(What.ERASED, by=by, event=event, at=at)
