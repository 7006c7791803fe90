"""The page where an organiser chooses what to export, and the file it answers with."""

from collections.abc import Collection, Iterable
from typing import Any

from django import forms
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.models import Event
from events.registration import access, exports
from events.registration.models import Question, RegistrationQuerySet

MAY_EXPORT = "registration.export_registration"
FORMATS = {
    "xlsx": (
        gettext_lazy("Excel (XLSX)"),
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    "csv": (gettext_lazy("Text (CSV)"), "text/csv; charset=utf-8"),
}


class ExportForm(forms.Form):
    """Which of the columns that this colleague may have, and as what file."""

    columns = forms.MultipleChoiceField(
        label=gettext_lazy("Columns"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": gettext_lazy("Please choose at least one column."),
            "invalid_choice": gettext_lazy("Please choose from the list."),
        },
    )
    format = forms.ChoiceField(
        label=gettext_lazy("File"),
        choices=[(name, label) for name, (label, _type) in FORMATS.items()],
        widget=forms.RadioSelect,
        initial="xlsx",
        error_messages={
            "required": gettext_lazy("Please choose a kind of file."),
            "invalid_choice": gettext_lazy("Please choose from the list."),
        },
    )

    def __init__(
        self, *args: Any, user: Any, questions: Collection[Question] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.allowed = exports.columns_for(user, questions)
        self.has_own = any(column.own for column in self.allowed)
        columns = self.fields["columns"]
        assert isinstance(columns, forms.MultipleChoiceField)
        columns.choices = [(column.name, column.heading) for column in self.allowed]
        columns.initial = [column.name for column in self.allowed if column.ticked]

    def chosen(self) -> list[exports.Column]:
        """Return the columns that were ticked, in the table's own order."""
        names = set(self.cleaned_data["columns"])
        return [column for column in self.allowed if column.name in names]


def exported(
    request: HttpRequest,
    registrations: RegistrationQuerySet,
    form: ExportForm,
    *,
    event: Event | None,
    number: int,
    filters: str,
) -> HttpResponseBase:
    """Note who takes what away, then answer with the file."""
    columns, kind = form.chosen(), form.cleaned_data["format"]
    access.record(
        access.What.EXPORT,
        by=request.user,
        at=timezone.now(),
        event=event,
        number=number,
        columns=[column.noted for column in columns],
        filters=filters,
    )
    name = f"{_('registrations')}-{timezone.now():%Y-%m-%d}.{kind}"
    content_type = FORMATS[kind][1]
    response: HttpResponseBase
    if kind == "xlsx":
        response = FileResponse(
            exports.as_xlsx(registrations, columns),
            as_attachment=True,
            filename=name,
            content_type=content_type,
        )
    else:
        content: Iterable[bytes] = exports.as_csv(registrations, columns)
        response = StreamingHttpResponse(content, content_type=content_type)
        response["Content-Disposition"] = f'attachment; filename="{name}"'
    patch_cache_control(response, no_store=True, private=True)
    return response
