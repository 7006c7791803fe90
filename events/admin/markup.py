"""Light markup in the admin: how it is written, and links that lead nowhere refused."""

from typing import Any

from django.db.models import Field
from django.forms import Field as FormField
from django.http import HttpRequest

from events.markup import HELP, validate_links


class LightMarkup:
    """For an admin or an inline some of whose text fields take light markup."""

    markup_fields: tuple[str, ...] = ()

    def formfield_for_dbfield(
        self, db_field: Field, request: HttpRequest, **kwargs: Any
    ) -> FormField | None:
        field: FormField | None = super().formfield_for_dbfield(  # type: ignore[misc]
            db_field, request, **kwargs
        )
        if field and db_field.name in self.markup_fields:
            field.help_text = HELP
            field.validators = [*field.validators, validate_links]
        return field
