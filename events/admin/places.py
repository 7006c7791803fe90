"""Series and venues."""

from collections.abc import Iterable

from django.contrib import admin
from django.db.models import URLField

from events.admin.changes import RecordsChange
from events.admin.conflicts import ConflictGuard
from events.admin.history import KeepsHistory
from events.admin.markup import LightMarkup
from events.models import Event, Series, Venue
from speakers.addresses import AddressFromName


class SeriesForm(AddressFromName):
    address_from = "theme"


@admin.register(Series)
class SeriesAdmin(ConflictGuard, KeepsHistory, RecordsChange):
    form = SeriesForm
    list_display = ["theme", "occasion"]
    search_fields = ["theme", "occasion"]
    prepopulated_fields = {"slug": ["theme"]}

    def events_touched(self, row: Series) -> Iterable[Event]:
        return row.events.all()


@admin.register(Venue)
class VenueAdmin(ConflictGuard, LightMarkup, KeepsHistory, RecordsChange):
    markup_fields = ("access_notes",)
    formfield_overrides = {URLField: {"assume_scheme": "https"}}
    list_display = ["__str__", "town", "country"]
    search_fields = ["name", "address", "town"]

    def events_touched(self, row: Venue) -> Iterable[Event]:
        return row.events.all()
