"""One slot of the agenda, and who is in it."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from events.admin.changes import RecordsChange
from events.admin.conflicts import ConflictGuard
from events.admin.history import KeepsHistory
from events.admin.named import NAMED_CHOICES
from events.admin.running_order import SlotForm
from events.agenda import timed
from events.models import AgendaItem, Assignment, Event


class AssignmentInline(admin.TabularInline):
    model = Assignment
    extra = 0
    autocomplete_fields = ["speaker"]

    class Media:
        js = [NAMED_CHOICES]


@admin.register(AgendaItem)
class AgendaItemAdmin(ConflictGuard, KeepsHistory, RecordsChange):
    form = SlotForm
    list_display = ["title", "event", "position", "minutes", "kind", "emphasis"]
    list_filter = ["event", "kind", "emphasis"]
    list_select_related = ["event"]
    search_fields = ["title"]
    ordering = ["event", "position", "pk"]
    inlines = [AssignmentInline]
    fields = ["event", "times", "title", "minutes", "kind", "emphasis", "description"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """A slot stays with its event; where it stands there is told on the event's page."""
        return ["times", "event"] if obj else ["times"]

    @admin.display(description=_("time"))
    def times(self, item: AgendaItem) -> str:
        """Say when the slot is, as its place in the running order makes it."""
        if item.pk is None:
            return str(_("The slot comes last. Move it on the event's page."))
        slots = timed(item.event, item.event.agenda_items.all())
        slot = next(slot for slot in slots if slot.item.pk == item.pk)
        return f"{slot.starts_at:%H:%M} – {slot.ends_at:%H:%M %Z}"

    def lock(self, row: AgendaItem) -> None:
        """Lock the event: its page writes slots too."""
        Event.objects.select_for_update().filter(pk=row.event_id).first()

    def events_touched(self, row: AgendaItem) -> Iterable[Event]:
        return [row.event]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            last = obj.event.agenda_items.last()
            obj.position = last.position + 1 if last else 1
        super().save_model(request, obj, form, change)

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        """Go back to the running order, where the way to this page began there."""
        if request.GET.get("from") == "event":
            url = reverse("admin:events_event_change", args=[obj.event_id])
            return HttpResponseRedirect(f"{url}#running-order")
        return super().response_post_save_change(request, obj)

    def view_on_site(self, row: AgendaItem) -> str:
        return f"{row.event.get_absolute_url()}agenda/"
