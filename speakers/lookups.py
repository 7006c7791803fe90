"""What the address of a list in the admin may ask."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest


class AsksWhatIsOffered(admin.ModelAdmin):
    """Narrows the list down by the filters it offers, and by nothing else.

    Django takes any field in the address, also one by which rows elsewhere
    point here. "?answers=7" would tell what a person answered, to colleagues
    who may see neither her nor her answers.
    """

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Allow what the list's own links ask."""
        filters: Any = self.get_list_filter(request) if request else self.list_filter
        offered = {getattr(shown, "parameter_name", shown) for shown in filters}
        asked = lookup.partition("__")[0]
        allowed: Any = super().lookup_allowed(lookup, value, request)
        return bool(asked in offered | {self.date_hierarchy} and allowed)
