"""The event with its running order, on one page."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from events.admin.changes import RecordsChange
from events.admin.cloning import CopiesEvents
from events.admin.front import FrontPage, OneInFront
from events.admin.history import EventHistory
from events.agenda import minutes_left, timed
from events.models import AgendaItem, Event, validate_zone


class AgendaItemInline(admin.TabularInline):
    model = AgendaItem
    fields = ["position", "title", "minutes", "kind", "emphasis"]
    extra = 0
    show_change_link = True


class EventForm(OneInFront):
    """Refuses a time zone before the event takes it, since pages beside the form show its times."""

    def clean_zone(self) -> str:
        zone: str = self.cleaned_data["zone"]
        validate_zone(zone)
        return zone


@admin.register(Event)
class EventAdmin(EventHistory, CopiesEvents, FrontPage, RecordsChange):
    form = EventForm
    list_display = ["__str__", "starts", "status", "published", "featured"]
    list_filter = ["published", "status", "series"]
    search_fields = ["title", "slug"]
    date_hierarchy = "starts_at"
    prepopulated_fields = {"slug": ["title"]}
    autocomplete_fields = ["series", "venue"]
    readonly_fields = ["running_order", "last_change"]
    inlines = [AgendaItemInline]
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
        (_("Agenda"), {"fields": ["agenda_status", "running_order", "last_change"]}),
    ]

    @admin.display(description=_("start"), ordering="starts_at")
    def starts(self, event: Event) -> str:
        return f"{event.local_start:%d.%m.%Y %H:%M %Z}"

    @admin.display(description=_("running order"))
    def running_order(self, event: Event) -> str:
        """Each slot with its times, as saved last."""
        if event.pk is None:
            return "—"
        return "\n".join(
            f"{slot.starts_at:%H:%M} – {slot.ends_at:%H:%M}  {slot.item.title}"
            for slot in timed(event, event.agenda_items.all())
        )

    @admin.display(description=_("last change"))
    def last_change(self, event: Event) -> str:
        if event.pk is None:
            return "—"
        return f"{event.changed_at.astimezone(event.tzinfo):%d.%m.%Y %H:%M %Z}"

    def events_touched(self, row: Event) -> Iterable[Event]:
        return [row]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show and read all times in the event's own zone, as the organiser thinks of them."""
        show: Callable[..., HttpResponse] = super().changeform_view
        with timezone.override(self._zone(request, object_id)):
            response = show(request, object_id, form_url, extra_context)
            renderer = getattr(response, "render", None)
            return renderer() if callable(renderer) else response

    def _zone(self, request: HttpRequest, object_id: str | None) -> str:
        """Return the zone being saved where it is one, else the saved one, else the default."""
        posted = request.POST.get("zone", "")
        try:
            validate_zone(posted)
            return posted
        except ValidationError:
            saved = self.get_object(request, unquote(object_id)) if object_id else None
            return saved.zone if saved else Event._meta.get_field("zone").default

    def save_related(
        self, request: HttpRequest, form: ModelForm, formsets: list[Any], change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        self._warn_of_minutes(request, form.instance)

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
