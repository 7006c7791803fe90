"""The concept note and its sections."""

from collections.abc import Iterable

from django.contrib import admin

from events.admin.changes import RecordsChange
from events.admin.history import KeepsHistory
from events.models import ConceptNote, Event, NoteSection


class NoteSectionInline(admin.StackedInline):
    model = NoteSection
    extra = 0


@admin.register(ConceptNote)
class ConceptNoteAdmin(KeepsHistory, RecordsChange):
    list_display = ["__str__", "language", "version", "dated"]
    list_filter = ["event"]
    list_select_related = ["event"]
    inlines = [NoteSectionInline]

    def events_touched(self, row: ConceptNote) -> Iterable[Event]:
        return [row.event]

    def view_on_site(self, row: ConceptNote) -> str:
        return f"{row.event.get_absolute_url()}concept-note/"
