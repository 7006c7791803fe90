"""Groups, voices and profiles in the admin."""

from django.contrib import admin

from speakers.models import Speaker, StakeholderGroup, Voice


@admin.register(StakeholderGroup)
class StakeholderGroupAdmin(admin.ModelAdmin):
    list_display = ["label", "code", "family", "in_note", "offered", "position"]
    list_filter = ["in_note", "offered"]
    search_fields = ["label", "code"]
    ordering = ["position", "code"]


@admin.register(Voice)
class VoiceAdmin(admin.ModelAdmin):
    list_display = ["label", "code", "offered", "position"]
    search_fields = ["label", "code"]
    ordering = ["position", "code"]


@admin.register(Speaker)
class SpeakerAdmin(admin.ModelAdmin):
    list_display = ["name", "organisation", "group", "to_be_announced", "published"]
    list_filter = ["to_be_announced", "published", "group"]
    list_select_related = ["group"]
    search_fields = ["name", "organisation"]
    prepopulated_fields = {"slug": ["name"]}
