"""Moving or calling off an event that people hold seats at: the form says first what happens."""

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
LOOK_ABOVE_FIRST = gettext_lazy("People have seats at this event. See the top of the page.")
# What is asked about, in the order of the form.
ASKED = ("zone", "starts_at", "ends_at", "status")
# What another status means to people.
STATUSES = {
    Event.Status.CANCELLED: gettext_lazy(
        "The event is cancelled: nobody can register any more; people who hold a seat get no "
        "mail by themselves."
    ),
    Event.Status.POSTPONED: gettext_lazy(
        "The event is postponed: nobody can register until it has a new date; people who hold a "
        "seat get no mail by themselves."
    ),
    Event.Status.SCHEDULED: gettext_lazy(
        "The event takes place: people can register while registration is open; people who hold "
        "a seat get no mail by themselves."
    ),
}


class Registered(NamedTuple):
    """How many people hold a seat, and how many wait for one or for an answer."""

    seats: int = 0
    waiting: int = 0


@dataclass(frozen=True)
class Move:
    """A change of zone, times or status. ``token`` names this very one; a tick agrees to it."""

    registered: Registered
    changed: list[str]
    old_start: datetime
    old_end: datetime
    start: datetime
    end: datetime
    status: str
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
    def moves_start(self) -> bool:
        """Whether it starts at another time, or its times are written otherwise."""
        return bool({"zone", "starts_at"} & set(self.changed))

    @property
    def moves_end(self) -> bool:
        """Whether it ends at another time and starts as before."""
        return "ends_at" in self.changed and not self.moves_start

    @property
    def keeps_the_moment(self) -> bool:
        """Whether only the way times are written changes."""
        return self.old_start.astimezone(UTC) == self.start.astimezone(UTC)

    @property
    def is_called_off(self) -> bool:
        """Whether there will be no such event."""
        return "status" in self.changed and self.status == Event.Status.CANCELLED

    @property
    def of_status(self) -> str:
        """What another status means to people, where it is another one."""
        return str(STATUSES[Event.Status(self.status)]) if "status" in self.changed else ""


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
        elif self.instance.pk and all(cleaned.get(name) for name in ASKED):
            self._ask_before_moving(**{name: cleaned[name] for name in ASKED})
        return cleaned

    def _ask_before_moving(
        self, *, zone: str, starts_at: datetime, ends_at: datetime, status: str
    ) -> None:
        event = self.instance
        new = {"zone": zone, "starts_at": starts_at, "ends_at": ends_at, "status": status}
        changed = [name for name in ASKED if getattr(event, name) != new[name]]
        registered = self.registered(event) if changed else Registered()
        if not any(registered):
            return
        moments = (moment.astimezone(UTC).isoformat() for moment in (starts_at, ends_at))
        token = " ".join([*moments, zone, status])
        place = ZoneInfo(zone)
        self.move = Move(
            registered=registered,
            changed=changed,
            old_start=event.local_start,
            old_end=event.local_end,
            start=starts_at.astimezone(place),
            end=ends_at.astimezone(place),
            status=status,
            is_agreed=self.data.get(AGREED) == token,
            token=token,
        )
        if not self.move.is_agreed:
            self.add_error(changed[0], LOOK_ABOVE_FIRST if changed == ["status"] else LOOK_ABOVE)


def _span(start: datetime, end: datetime) -> str:
    """Return day, start and end, each in its own zone."""
    day = date_format(start, "l j F Y")
    last = "H:i T" if start.date() == end.date() else "l j F Y, H:i T"
    return f"{day}, {date_format(start, 'H:i')} – {date_format(end, last)}"
