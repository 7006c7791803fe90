"""Groups, voices and profiles in the admin."""

from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from speakers import files
from speakers.forms import SpeakerForm
from speakers.lookups import AsksWhatIsOffered
from speakers.models import Speaker, StakeholderGroup, Voice
from speakers.renditions import PROFILE
from speakers.templatetags.photos import address as photo_address


@admin.register(StakeholderGroup)
class StakeholderGroupAdmin(AsksWhatIsOffered):
    list_display = ["label", "code", "family", "in_note", "offered", "position"]
    list_filter = ["in_note", "offered"]
    search_fields = ["label", "code"]
    ordering = ["position", "code"]


@admin.register(Voice)
class VoiceAdmin(AsksWhatIsOffered):
    list_display = ["label", "code", "offered", "position"]
    search_fields = ["label", "code"]
    ordering = ["position", "code"]


@admin.register(Speaker)
class SpeakerAdmin(AsksWhatIsOffered):
    """The profile and its photo, whose files are kept here and go with it."""

    form = SpeakerForm
    list_display = ["name", "organisation", "group", "to_be_announced", "published"]
    list_filter = ["to_be_announced", "published", "group"]
    list_select_related = ["group"]
    search_fields = ["name", "organisation"]
    prepopulated_fields = {"slug": ["name"]}
    readonly_fields = ["photo_now"]

    def get_fieldsets(self, request: HttpRequest, obj: Speaker | None = None) -> Any:
        may_edit = (
            self.has_change_permission(request, obj) if obj else self.has_add_permission(request)
        )
        files = ["photo_file"] if may_edit else []
        if may_edit and obj and obj.photo:
            files.append("remove_photo")
        person = ["name", "slug", "to_be_announced", "job_title", "organisation", "group"]
        return [
            (None, {"fields": [*person, "biography"]}),
            (_("Photo"), {"fields": ["photo_now", *files, "photo_alt"]}),
            (_("On the site"), {"fields": ["published"]}),
        ]

    @admin.display(description=_("photo now"))
    def photo_now(self, speaker: Speaker) -> str:
        if not speaker.photo_digest:
            return str(_("None. The site shows initials."))
        address = photo_address(speaker.photo_digest, PROFILE, "jpg")
        return format_html(
            '<img src="{}" alt="{}" width="128" height="128">', address, speaker.photo_alt
        )

    def save_model(self, request: HttpRequest, obj: Speaker, form: Any, change: bool) -> None:
        before = Speaker.objects.filter(pk=obj.pk).first() if change else None
        if form.new_photo:
            obj.photo = files.keep(form.new_photo)
        elif form.cleaned_data.get("remove_photo"):
            obj.photo, obj.photo_alt = "", ""
        super().save_model(request, obj, form, change)
        if before and before.photo_digest != obj.photo_digest:
            self._remove_files(before)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        self._remove_files(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet) -> None:
        gone = list(queryset)
        super().delete_queryset(request, queryset)
        for speaker in gone:
            self._remove_files(speaker)

    def _remove_files(self, speaker: Speaker) -> None:
        """Remove the photo's files, once it is settled that the profile has it no more."""
        digest = speaker.photo_digest
        if digest:
            transaction.on_commit(lambda: files.remove_unused(digest))
