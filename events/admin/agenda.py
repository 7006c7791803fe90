"""One slot of the agenda, and who is in it."""

from collections.abc import Iterable

from django.contrib import admin

from events.admin.changes import RecordsChange
from events.admin.history import KeepsHistory
from events.models import AgendaItem, Assignment, Event


class AssignmentInline(admin.TabularInline):
    model = Assignment
    extra = 0
    autocomplete_fields = ["speaker"]


@admin.register(AgendaItem)
class AgendaItemAdmin(KeepsHistory, RecordsChange):
    list_display = ["title", "event", "position", "minutes", "kind", "emphasis"]
    list_filter = ["event", "kind", "emphasis"]
    list_select_related = ["event"]
    search_fields = ["title"]
    ordering = ["event", "position", "pk"]
    inlines = [AssignmentInline]

    def events_touched(self, row: AgendaItem) -> Iterable[Event]:
        return [row.event]

    def view_on_site(self, row: AgendaItem) -> str:
        return f"{row.event.get_absolute_url()}agenda/"
