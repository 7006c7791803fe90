"""Moving an event that people hold seats at: the form says first what will happen to whom."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.admin.front import OneInFront
from events.models import Event, validate_zone

# What the tick is called in the form.
AGREED = "move_agreed"
LOOK_ABOVE = gettext_lazy("People have seats at this time. See the top of the page.")


class Registered(NamedTuple):
    """How many people hold a seat, and how many wait for one or for an answer."""

    seats: int = 0
    waiting: int = 0


@dataclass(frozen=True)
class Move:
    """A change of the start or the zone. ``token`` names this very move; a tick agrees to it."""

    registered: Registered
    old_start: datetime
    old_end: datetime
    start: datetime
    end: datetime
    is_agreed: bool
    token: str

    @property
    def before(self) -> str:
        """The old time, in the old zone."""
        return _span(self.old_start, self.old_end)

    @property
    def after(self) -> str:
        """The new time, in the new zone."""
        return _span(self.start, self.end)

    @property
    def keeps_the_moment(self) -> bool:
        """Whether only the way times are written changes."""
        return self.old_start.astimezone(UTC) == self.start.astimezone(UTC)


class EventForm(OneInFront):
    """Refuses times that can't be, and asks before it moves an event people have seats at."""

    registered: Callable[[Event], Registered] = staticmethod(lambda event: Registered())
    move: Move | None = None

    def clean_zone(self) -> str:
        zone: str = self.cleaned_data["zone"]
        # Before the event takes it, since pages beside the form show its times.
        validate_zone(zone)
        return zone

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        start, end = cleaned.get("starts_at"), cleaned.get("ends_at")
        # In UTC: two times of one zone are compared as the clock on the wall shows them.
        if start and end and end.astimezone(UTC) <= start.astimezone(UTC):
            self.add_error("ends_at", _("The end must come after the start."))
        elif start and end and cleaned.get("zone") and self.instance.pk:
            self._ask_before_moving(start, end, cleaned["zone"])
        return cleaned

    def _ask_before_moving(self, start: datetime, end: datetime, zone: str) -> None:
        event = self.instance
        fields = [
            name
            for name, new in (("zone", zone), ("starts_at", start))
            if getattr(event, name) != new
        ]
        registered = self.registered(event) if fields else Registered()
        if not any(registered):
            return
        token = f"{start.astimezone(UTC).isoformat()} {zone}"
        place = ZoneInfo(zone)
        self.move = Move(
            registered=registered,
            old_start=event.local_start,
            old_end=event.local_end,
            start=start.astimezone(place),
            end=end.astimezone(place),
            is_agreed=self.data.get(AGREED) == token,
            token=token,
        )
        if not self.move.is_agreed:
            self.add_error(fields[0], LOOK_ABOVE)


def _span(start: datetime, end: datetime) -> str:
    """Return day, start and end, each in its own zone."""
    day = date_format(start, "l j F Y")
    last = "H:i T" if start.date() == end.date() else "l j F Y, H:i T"
    return f"{day}, {date_format(start, 'H:i')} – {date_format(end, last)}"
