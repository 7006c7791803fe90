"""The event with its running order, on one page."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from events import clock
from events.admin.changes import RecordsChange
from events.admin.cloning import CopiesEvents
from events.admin.conflicts import ConflictGuard
from events.admin.history import EventHistory
from events.admin.moving import EventForm
from events.admin.named import MOMENTS, NAMED_CHOICES
from events.admin.on_site import OnTheSite
from events.admin.running_order import RunningOrderInline
from events.agenda import minutes_left, timed
from events.attention import Kind, findings, notices
from events.models import Event, validate_zone
from events.rules import phase
from speakers.lookups import AsksWhatIsOffered

# What a final agenda has nothing of. Who is not confirmed reads “to be announced” as well.
UNFINISHED = frozenset(
    {Kind.OVERRUN, Kind.GAP, Kind.DECLINED, Kind.EMPTY, Kind.OPEN_ROLE, Kind.UNCONFIRMED}
)
# Of each such point, in characters.
LONGEST_POINT = 200


class TimesOfThePlace(admin.ModelAdmin):
    """Shows and reads all times in the event's own zone, as the organiser thinks of them."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        show: Callable[..., HttpResponse] = super().changeform_view
        with timezone.override(self._zone(request, object_id)):
            response = show(request, object_id, form_url, extra_context)
            renderer = getattr(response, "render", None)
            return renderer() if callable(renderer) else response

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Fill in nothing from the address: its times are text, which no date field shows."""
        return {}

    def _zone(self, request: HttpRequest, object_id: str | None) -> str:
        """Return the zone being saved where it is one, else the saved one, else the default."""
        posted = request.POST.get("zone", "")
        try:
            validate_zone(posted)
            return posted
        except ValidationError:
            saved = self.get_object(request, unquote(object_id)) if object_id else None
            return saved.zone if saved else Event._meta.get_field("zone").default


# The guard is first: what it merges may change the zone in which times are read.
@admin.register(Event)
class EventAdmin(
    ConflictGuard,
    EventHistory,
    CopiesEvents,
    OnTheSite,
    TimesOfThePlace,
    AsksWhatIsOffered,
    RecordsChange,
):
    form = EventForm
    formfield_overrides = MOMENTS
    change_form_template = "admin/events/event/change_form.html"
    delete_confirmation_template = "admin/events/event/delete_confirmation.html"
    delete_selected_confirmation_template = "admin/events/event/delete_selected_confirmation.html"
    list_display = ["__str__", "starts", "status", "published", "featured"]
    list_filter = ["published", "status", "series"]
    search_fields = ["title", "slug"]
    date_hierarchy = "starts_at"
    prepopulated_fields = {"slug": ["title"]}
    autocomplete_fields = ["series", "venue"]
    readonly_fields = ["agenda_page", "last_change"]
    inlines = [RunningOrderInline]
    fieldsets = [
        (None, {"fields": ["title", "slug", "number", "series", "summary", "convenor"]}),
        (
            _("When and where"),
            {
                "fields": [("starts_at", "ends_at"), "zone", "venue", "status"],
                "description": _("Times are those of the place, in the time zone below."),
            },
        ),
        (_("On the site"), {"fields": ["published", "featured", "contact_email"]}),
        (_("Agenda"), {"fields": ["agenda_status", "agenda_page", "last_change"]}),
    ]

    class Media:
        js = [NAMED_CHOICES]

    @admin.display(description=_("start"), ordering="starts_at")
    def starts(self, event: Event) -> str:
        return f"{event.local_start:%d.%m.%Y %H:%M %Z}"

    @admin.display(description=_("its page"))
    def agenda_page(self, event: Event) -> str | SafeString:
        if event.pk is None:
            return "—"
        url, text = reverse("admin:events_event_preview", args=[event.pk]), _("Preview the agenda")
        return format_html('<a class="preview" href="{}">{}</a>', url, text)

    @admin.display(description=_("last change"))
    def last_change(self, event: Event) -> str:
        if event.pk is None:
            return "—"
        changed_at = event.changed_at.astimezone(event.tzinfo)
        return _("version %(version)d, %(when)s") % {
            "version": event.content_version,
            "when": f"{changed_at:%d.%m.%Y %H:%M %Z}",
        }

    def events_touched(self, row: Event) -> Iterable[Event]:
        return [row]

    def reading(self, row: Event) -> AbstractContextManager[Any]:
        return timezone.override(row.zone)

    def get_urls(self) -> list[URLPattern]:
        preview = path(
            "<path:object_id>/preview/",
            self.admin_site.admin_view(self.preview_view),
            name="events_event_preview",
        )
        return [preview, *super().get_urls()]

    def preview_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the agenda's page as it is saved, draft or not, to organisers. Never kept."""
        event = self.get_object(request, unquote(object_id))
        if not self.has_view_or_change_permission(request, event):
            raise PermissionDenied
        if event is None:
            raise Http404
        now = clock.now()
        context = {
            "event": event,
            "slots": timed(event, event.agenda_items.with_people()),
            "now": now,
            "phase": phase(event, now=now),
            "preview": True,
        }
        return TemplateResponse(request, "events/agenda.html", context)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.registered = staticmethod(self.people_registered)
        return form

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add what needs attention in the agenda as it is saved."""
        event = context.get("original")
        if event is not None:
            saved = Event.objects.get(pk=event.pk) if request.method == "POST" else event
            # The sum is told beside the rows, where it follows the typing.
            sums = {Kind.OVERRUN, Kind.GAP}
            context["notices"] = [n for n in notices(findings(saved)) if n.kind not in sums]
        return super().render_change_form(request, context, *args, **kwargs)

    def save_related(
        self, request: HttpRequest, form: ModelForm, formsets: list[Any], change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        event = form.instance
        if event.agenda_status == Event.AgendaStatus.FINAL:
            self._warn_of_what_is_not_final(request, event)
        else:
            self._warn_of_minutes(request, event)

    def _warn_of_what_is_not_final(self, request: HttpRequest, event: Event) -> None:
        """Name what readers of a final agenda would still see open, and how its times stand."""
        found = notices(finding for finding in findings(event) if finding.kind in UNFINISHED)
        if found:
            text = _("The agenda is called final, and is not finished: %(points)s")
            points = " ".join(Truncator(str(notice)).chars(LONGEST_POINT) for notice in found)
            messages.warning(request, text % {"points": points})

    def _warn_of_minutes(self, request: HttpRequest, event: Event) -> None:
        items = list(event.agenda_items.all())
        left = minutes_left(event, items)
        if items and left < 0:
            text = ngettext(
                "The agenda runs over by %(minutes)d minute.",
                "The agenda runs over by %(minutes)d minutes.",
                -left,
            )
            messages.warning(request, text % {"minutes": -left})
        elif items and left > 0:
            text = ngettext(
                "The agenda leaves %(minutes)d minute free.",
                "The agenda leaves %(minutes)d minutes free.",
                left,
            )
            messages.warning(request, text % {"minutes": left})
