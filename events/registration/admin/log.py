"""Who saw, took away or erased which personal data. To be read only."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from events.models import Event
from events.registration.admin.filters import PatientPaginator
from events.registration.exports import COLUMNS
from events.registration.models import PersonalDataAccess

HEADINGS = {column.name: column.heading for column in COLUMNS}


@admin.register(PersonalDataAccess)
class PersonalDataAccessAdmin(admin.ModelAdmin):
    list_display = [
        "first", "by_name", "what", "number", "reference", "of_event", "taken", "filters", "last",
    ]  # fmt: skip
    list_display_links = None
    sortable_by = ["first", "by_name"]
    list_filter = ["what", "event"]
    list_select_related = ["event"]
    search_fields = ["by_name", "reference__exact"]
    paginator = PatientPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    @admin.display(description=_("when"), ordering="at")
    def first(self, row: PersonalDataAccess) -> str:
        return _told(row.at)

    @admin.display(description=_("last time"))
    def last(self, row: PersonalDataAccess) -> str:
        return _told(row.last_at) if row.last_at != row.at else "–"

    @admin.display(description=_("event"))
    def of_event(self, row: PersonalDataAccess) -> str:
        return row.event.name if row.event else "–"

    @admin.display(description=_("columns"))
    def taken(self, row: PersonalDataAccess) -> str:
        """As the export's page calls them."""
        return ", ".join(str(HEADINGS.get(name, name)) for name in row.columns) or "–"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def _told(moment: datetime) -> str:
    """Return a moment in the organisers' own zone: one for the whole log, whichever the event."""
    zone = ZoneInfo(Event._meta.get_field("zone").default)
    return f"{moment.astimezone(zone):%d.%m.%Y %H:%M %Z}"
