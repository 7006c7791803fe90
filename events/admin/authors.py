"""Who wrote what stands in a row now, from its history."""

from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db.models import Field, Model
from django.utils.translation import gettext as _

from events.admin.snapshots import plain

# More than anybody writes while a page is open.
MOST_RECORDS = 2000


@dataclass(frozen=True)
class Author:
    """Who, in words, and when. ``at`` is None where no history says it."""

    name: str
    at: datetime | None = None


class Authors:
    """The history of some rows of one model, read once and only when asked."""

    def __init__(
        self, model: type[Model], keys: set[str], *, reader: AbstractBaseUser | AnonymousUser
    ) -> None:
        self.model, self.keys, self.reader = model, keys, reader
        self._records: dict[str, list[Any]] | None = None

    def of_value(self, key: str, field: Field, value: object) -> Author:
        """Return who gave the field the value it has: the first of the latest run of it."""
        found = None
        for record in self._of(key):
            if plain(field.value_from_object(record)) != value:
                break
            found = record
        return self._author(found)

    def of_kind(self, key: str, kind: str) -> Author:
        """Return who added ("+") or deleted ("-") the row."""
        records = (record for record in self._of(key) if record.history_type == kind)
        return self._author(next(records, None))

    def of_latest(self, field: Field) -> Author:
        """Return who changed this field last, in any of the rows."""
        for key in self.keys:
            self._of(key)
        latest = None
        for records in (self._records or {}).values():
            for record, before in pairwise(records):
                differs = field.value_from_object(record) != field.value_from_object(before)
                if differs and (latest is None or record.history_date > latest.history_date):
                    latest = record
        return self._author(latest)

    def _of(self, key: str) -> list[Any]:
        """Return a row's records, the latest first. One query for all rows."""
        if self._records is None:
            self._records = {}
            history = getattr(self.model, "history", None)
            name = self.model._meta.pk.name
            for record in (
                history.filter(**{f"{name}__in": list(self.keys)})
                .select_related("history_user")
                .order_by("-history_date", "-history_id")[:MOST_RECORDS]
                if history
                else ()
            ):
                self._records.setdefault(str(getattr(record, name)), []).append(record)
        return self._records.get(key, [])

    def _author(self, record: Any) -> Author:
        if record is None:
            return Author(_("A colleague"))
        user = record.history_user
        if user is None:
            return Author(_("A colleague"), record.history_date)
        if user.pk == self.reader.pk:
            return Author(_("You, in another window"), record.history_date)
        name = user.get_full_name() or user.email or user.get_username()
        return Author(name, record.history_date)
