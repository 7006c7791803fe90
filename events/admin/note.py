"""The concept note: its sections in their running order, and its versions."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.admin.changes import RecordsChange
from events.admin.conflicts import ConflictGuard
from events.admin.history import KeepsHistory
from events.admin.markup import LightMarkup
from events.admin.positions import LastWhenEmpty, PositionField
from events.models import ConceptNote, Event, NoteSection, NoteVersion
from events.notes import is_another_version, keep_version, name_is_taken


class NoteForm(forms.ModelForm):
    """Refuses the name of an earlier version."""

    def clean_version(self) -> str:
        version: str = self.cleaned_data["version"]
        is_renamed = self.instance.pk and is_another_version(self.instance, version)
        if is_renamed and name_is_taken(self.instance, version):
            raise ValidationError(
                _("There was a version “%(version)s” already. Give this one another name."),
                params={"version": version},
            )
        return version


class NoteSectionForm(forms.ModelForm):
    position = PositionField(
        help_text=_("Smaller numbers come first. Leave it empty to put the section last.")
    )


class NoteSectionInline(LightMarkup, admin.StackedInline):
    model = NoteSection
    form = NoteSectionForm
    formset = LastWhenEmpty
    fields = ["position", "heading", "text"]
    markup_fields = ("text",)
    extra = 0


class NoteVersionInline(admin.TabularInline):
    """Earlier versions, as the site names them: to read."""

    model = NoteVersion
    fields = ["version", "dated", "what_changed", "kept_at"]
    readonly_fields = ["version", "dated", "what_changed", "kept_at"]
    extra = 0
    ordering = ["-kept_at", "-pk"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ConceptNote)
class ConceptNoteAdmin(ConflictGuard, KeepsHistory, RecordsChange):
    form = NoteForm
    list_display = ["__str__", "language", "version", "dated"]
    list_filter = ["event"]
    list_select_related = ["event"]
    inlines = [NoteSectionInline, NoteVersionInline]
    fieldsets = [
        (None, {"fields": ["event", "language", "masthead", "sign_off"]}),
        (
            _("Version"),
            {
                "fields": [("version", "dated"), "what_changed"],
                "description": _(
                    "Shown below the note. Give it a new name when readers should know that the "
                    "text changed: the site then lists the version before as an earlier one."
                ),
            },
        ),
    ]

    def events_touched(self, row: ConceptNote) -> Iterable[Event]:
        return [row.event]

    def view_on_site(self, row: ConceptNote) -> str:
        return f"{row.event.get_absolute_url()}concept-note/"

    def save_model(self, request: HttpRequest, obj: ConceptNote, form: Any, change: bool) -> None:
        form.note_before = ConceptNote.objects.filter(pk=obj.pk).first() if change else None
        super().save_model(request, obj, form, change)
        if form.note_before:
            keep_version(form.note_before, version=obj.version, at=timezone.now())

    def save_related(
        self, request: HttpRequest, form: Any, formsets: list[Any], change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        if form.note_before:
            self._ask_about_the_version(request, form, formsets)

    def _ask_about_the_version(self, request: HttpRequest, form: Any, formsets: list[Any]) -> None:
        """Warn where what the site says of the version may no longer be so."""
        before, note = form.note_before, form.instance
        raised = is_another_version(before, note.version)
        rewritten = {"masthead", "sign_off"} & set(form.changed_data) or any(
            formset.model is NoteSection and formset.has_changed() for formset in formsets
        )
        if rewritten and not raised:
            text = _(
                "The text changed, and it is still called version “%(version)s”. If readers "
                "should know, give the version a new name and say what changed."
            )
            messages.warning(request, text % {"version": before.version})
        if raised and note.what_changed and "what_changed" not in form.changed_data:
            text = _("“What changed” still says what it said of version “%(version)s”.")
            messages.warning(request, text % {"version": before.version})
