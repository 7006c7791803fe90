"""The organisers' desk: the admin's site, whose first page shows what matters now."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from events import clock
from events.attention import findings, notices
from events.cloning import leftovers
from events.models import Event
from events.registration.models import AttendanceMode, SeatRequest, SupportNeed
from events.registration.outbox.models import OutboxMail
from events.registration.queries import availability_of, seat_requests_by_status, with_registration
from events.registration.seats import Reason
from events.rules import phase
from roundtable.roles import Role

# The rooms as an organiser meets them, and in each what is used most first.
ORDER = {
    "events": ["Event", "ConceptNote", "AgendaItem", "Venue", "Series"],
    "speakers": ["Speaker", "StakeholderGroup", "Voice"],
    "registration": ["Registration", "PersonalDataAccess"],
    "outbox": [],
    "auth": ["User"],
}


@dataclass(frozen=True)
class Matter:
    """Something that needs an organiser's attention: a sentence, and where to see to it."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Seats:
    """How the seats of one way to take part stand."""

    mode: AttendanceMode
    limit: int | None
    confirmed: int
    pending: int
    waiting: int


class NoRole(PermissionDenied):
    """Somebody is signed in, and is none of the organisers."""


class OrganisersDesk(admin.AdminSite):
    """Django's admin under the site's sign-in, opening on the event in hand."""

    site_header = gettext_lazy("Organisers' desk")
    site_title = gettext_lazy("Roundtable")
    index_title = gettext_lazy("Organisers' desk")
    index_template = "admin/desk.html"
    enable_nav_sidebar = False

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Leave signing in to allauth. Who is signed in and is no organiser gets a 403."""
        self._require_role(request)
        sign_in: Callable[..., HttpResponse] = secure_admin_login(super().login)
        return sign_in(request, extra_context)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Refuse at once whoever is signed in and is no organiser: signing in again won't help.

        An address with a number beyond those of any row leads nowhere.
        """
        guarded = super().admin_view(view, cacheable)

        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            self._require_role(request)
            try:
                return guarded(request, *args, **kwargs)
            except OverflowError as error:
                # SQLite's. Of what was typed into a form it would be a fault of ours.
                if request.method not in {"GET", "HEAD"}:
                    raise
                raise Http404 from error

        return inner

    def _require_role(self, request: HttpRequest) -> None:
        if request.user.is_authenticated and not self.has_permission(request):
            raise NoRole

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Return the rooms in the order of an organiser's day, not of the alphabet."""
        rooms = super().get_app_list(request, app_label)
        places = list(ORDER)
        for room in rooms:
            models = ORDER.get(room["app_label"], [])
            room["models"].sort(key=lambda model: _place(models, model["object_name"]))
        return sorted(rooms, key=lambda room: _place(places, room["app_label"]))

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show the event in hand, what needs attention, and the rooms."""
        now = clock.now()
        context: dict[str, Any] = {}
        if request.user.has_perm("events.view_event"):
            event = event_in_hand(now=now)
            context = {
                "event": event,
                "others": list(Event.objects.upcoming(now).exclude(pk=event.pk)[:5])
                if event
                else [],
                "now": now,
            }
            if event:
                seats = seats_of(event)
                context |= {
                    "phase": phase(event, now=now),
                    "seats": seats,
                    "matters": matters(event, seats, request=request, now=now),
                }
        return super().index(request, {**context, **(extra_context or {})})


def _place(names: list[str], name: str) -> tuple[int, str]:
    return (names.index(name) if name in names else len(names), name)


def event_in_hand(*, now: datetime) -> Event | None:
    """Return the event organisers work on: the next, draft or not; else the latest.

    It comes ``with_registration``.
    """
    events = with_registration(Event.objects.with_place())
    return events.in_front(now).order_by("is_over", "next_start", "-starts_at", "pk").first()


def seats_of(event: Event) -> list[Seats]:
    """Return how the seats stand, for each way to take part that is offered or was taken."""
    limits = dict(event.quotas.values_list("mode", "seats"))
    numbers = seat_requests_by_status(event)
    return [
        Seats(
            mode=mode,
            limit=limits.get(mode),
            confirmed=numbers.get((mode, SeatRequest.Status.CONFIRMED), 0),
            pending=numbers.get((mode, SeatRequest.Status.PENDING), 0),
            waiting=numbers.get((mode, SeatRequest.Status.WAITING), 0),
        )
        for mode in AttendanceMode
        if mode in limits or any(of == mode for of, _status in numbers)
    ]


def matters(
    event: Event, seats: Iterable[Seats], *, request: HttpRequest, now: datetime
) -> list[Matter]:
    """Return what needs this person's attention, what blocks people first."""
    found = [*_mail_matters(request)]
    if request.user.has_perm("registration.change_registration"):
        found += _decisions(event, seats)
    found += _event_matters(event, now=now)
    if request.user.has_perm("auth.change_user"):
        found += _access_matters(event)
    return found


def _mail_matters(request: HttpRequest) -> list[Matter]:
    found = []
    if not settings.LOCAL_INSTALL and settings.MAIL_SERVER is None:
        text = _("Mails can't leave, so nobody can register: the setting EMAIL_URL is missing.")
        found.append(Matter(text))
    if not request.user.has_perm("outbox.view_outboxmail"):
        return found
    dead = OutboxMail.objects.filter(state=OutboxMail.State.DEAD).count()
    if dead:
        text = ngettext(
            "%(number)d mail did not reach its reader.",
            "%(number)d mails did not reach their readers.",
            dead,
        )
        url = reverse("admin:outbox_outboxmail_changelist") + "?state__exact=dead"
        found.append(Matter(text % {"number": dead}, url))
    return found


def _decisions(event: Event, seats: Iterable[Seats]) -> list[Matter]:
    """Return who waits for the organisers' word, for each way to take part."""
    found = []
    for row in seats:
        if row.pending:
            text = ngettext(
                "%(mode)s: %(number)d person waits for your decision.",
                "%(mode)s: %(number)d people wait for your decision.",
                row.pending,
            )
            url = reverse("admin:registration_registration_changelist")
            url += f"?event__id__exact={event.pk}&seat={row.mode}.{SeatRequest.Status.PENDING}"
            found.append(Matter(text % {"mode": row.mode.label, "number": row.pending}, url))
    return found


def _event_matters(event: Event, *, now: datetime) -> list[Matter]:
    page = reverse("admin:events_event_change", args=[event.pk])
    found = []
    if not event.published:
        found.append(Matter(_("This event is a draft. Only organisers see it."), page))
    if now < event.ends_at:
        if event.venue is None or not (event.venue.name or event.venue.join_url):
            found.append(Matter(_("The place is to be announced."), page))
        if not (event.contact_email or settings.CONTACT_EMAIL):
            found.append(Matter(_("People don't know whom to write to."), page))
        if availability_of(event, now=now).reason == Reason.NOT_OFFERED:
            found.append(Matter(_("No seats are offered, so nobody can register."), page))
        found += [
            Matter(str(left), reverse("admin:events_conceptnote_change", args=[left.note.pk]))
            for left in leftovers(event)
        ]
        found += [
            Matter(Truncator(str(notice)).chars(160), page) for notice in notices(findings(event))
        ]
    return found


def _access_matters(event: Event) -> list[Matter]:
    """Somebody must see what support people asked for, or they asked in vain."""
    if Group.objects.filter(name=Role.ACCESS_OFFICER, user__is_active=True).exists():
        return []
    asked = (
        SupportNeed.objects.filter(registration__event=event)
        .values("registration")
        .distinct()
        .count()
    )
    if not asked:
        return []
    text = ngettext(
        "%(number)d person asked for support, and nobody is access officer to see it.",
        "%(number)d people asked for support, and nobody is access officer to see it.",
        asked,
    )
    return [Matter(text % {"number": asked}, reverse("admin:auth_user_changelist"))]
