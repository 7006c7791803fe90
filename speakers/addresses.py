"""Addresses of pages made from names: on the server where none was typed, else as one types."""

from typing import Any, ClassVar

from django import forms
from django.db.models import Model
from django.forms.widgets import Script
from django.utils.text import slugify


def free_address(model: type[Model], wanted: str) -> str:
    """Return this address, or the next free one like it."""
    wanted = wanted[:70]
    rows = model._default_manager.filter(slug__startswith=wanted)
    taken = set(rows.values_list("slug", flat=True))
    slug, number = wanted, 2
    while slug in taken:
        slug, number = f"{wanted}-{number}", number + 1
    return slug


class AddressFromName(forms.ModelForm):
    """A form whose page gets its address from its name where none is typed.

    “ũ” counts as “u” there, and in the admin's own script, which would drop it.
    """

    address_from = "name"

    class Media:
        js: ClassVar = [Script("js/addresses.js", defer=True)]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "slug" in self.fields:
            self.fields["slug"].required = False

    def clean(self) -> dict[str, Any]:
        """Make the address, once the name is known."""
        cleaned = super().clean() or {}
        if "slug" in cleaned and not cleaned["slug"]:
            made = slugify(cleaned.get(self.address_from, ""))
            if made:
                cleaned["slug"] = free_address(self._meta.model, made)
            else:
                self.add_error("slug", self.fields["slug"].error_messages["required"])
        return cleaned
