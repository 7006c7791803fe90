"""Who saw, took away or erased which personal data. To be read only."""

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from events.registration.admin.filters import PatientPaginator
from events.registration.models import PersonalDataAccess


@admin.register(PersonalDataAccess)
class PersonalDataAccessAdmin(admin.ModelAdmin):
    list_display = [
        "at", "by_name", "what", "number", "event", "reference", "columns", "filters", "last_at",
    ]  # fmt: skip
    list_display_links = None
    list_filter = ["what", "event"]
    list_select_related = ["event"]
    search_fields = ["by_name", "reference__exact"]
    paginator = PatientPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
