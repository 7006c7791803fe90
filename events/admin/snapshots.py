"""What a page of the admin showed: a row's own fields and those of its inline rows.

The page carries it, signed and compressed, so that a save can tell what its
author changed from what others did meanwhile. Fields that a form does not show
are no part of it, and neither are many-to-many fields: content has none.
"""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from django.core import signing
from django.core.exceptions import ValidationError
from django.db.models import Field, Model
from django.forms import ModelForm

SALT = "events.admin.snapshots"
# The form's name for what it showed.
SHOWN = "_shown"

Values = dict[str, Any]


@dataclass(frozen=True)
class Snapshot:
    """Values by field: the row's own, and by formset and key those of its inline rows."""

    own: Values
    rows: dict[str, dict[str, Values]]

    def signed(self, row: Model) -> str:
        """Return what the form of this row carries."""
        content = {"of": _name(row), **asdict(self)}
        return signing.dumps(content, salt=SALT, compress=True)


def read(text: str, name: str) -> Snapshot | None:
    """Return what a form carried for the row of this name, or None where that can't be known.

    It is unknown where it is missing, was not made here, or is of another row.
    """
    try:
        content = signing.loads(text, salt=SALT)
    except signing.BadSignature:
        return None
    if content["of"] != name:
        return None
    return Snapshot(own=content["own"], rows=content["rows"])


def name_of(model: type[Model], key: object) -> str:
    """Return the name under which snapshots know a row, also one that is gone."""
    return f"{model._meta.label_lower}:{key}"


def _name(row: Model) -> str:
    return name_of(type(row), row.pk)


def fields_of(form: type[ModelForm], model: type[Model]) -> list[Field]:
    """Return the columns that a form edits."""
    return [field for field in model._meta.concrete_fields if field.name in form.base_fields]


def values(row: Model, fields: list[Field]) -> Values:
    """Return a row's values in a form that survives JSON and can be compared."""
    return {field.name: plain(field.value_from_object(row)) for field in fields}


def plain(value: object) -> Any:
    """Return a field's value as text, number, truth or nothing."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value)


def restored(model: type[Model], key: object, shown: Values) -> Model:
    """Return the row as a page showed it. It is for reading, never for saving."""
    row = model(pk=key)
    for name, value in shown.items():
        field = model._meta.get_field(name)
        if isinstance(field, Field):
            try:
                setattr(row, field.attname, field.to_python(value))
            except ValidationError:
                # The field has become another one since the page was opened.
                setattr(row, field.attname, None)
    return row
