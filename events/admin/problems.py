"""What is to be mended before a form is saved: one list, each line a link to its field."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.text import capfirst


@dataclass(frozen=True)
class Problem:
    """One sentence, of which field it is, and the end of the address that leads there."""

    text: str
    label: str = ""
    anchor: str = ""


def problems(form: Any, inlines: Iterable[Any], *, known: Iterable[str] = ()) -> list[Problem]:
    """Return what is amiss in an admin's form and its inlines, in the page's order.

    ``known`` are sentences that the page says elsewhere.
    """
    told = set(known)
    found = list(_of_form(form))
    for inline in inlines:
        found += _of_rows(inline)
    return [problem for problem in found if problem.text not in told]


def _of_form(form: Any, row: str = "") -> Iterator[Problem]:
    for text in form.non_field_errors():
        yield Problem(str(text), row)
    for name in form.fields:
        field = form[name]
        label = capfirst(str(field.label))
        for text in field.errors:
            yield Problem(str(text), f"{row}: {label}" if row else label, _anchor(field))


def _of_rows(inline: Any) -> Iterator[Problem]:
    """Go through a formset. A row ticked to be deleted may hold anything."""
    formset, opts = inline.formset, inline.opts
    anchor = getattr(opts, "anchor", f"{formset.prefix}-group")
    for text in formset.non_form_errors():
        yield Problem(str(text), capfirst(str(opts.verbose_name_plural)), anchor)
    should_delete: Any = getattr(formset, "_should_delete_form")  # noqa: B009 - no stubs
    for number, form in enumerate(formset.forms, 1):
        if form.errors and not (formset.can_delete and should_delete(form)):
            name = str(form.instance) if form.instance.pk else ""
            row = f"{capfirst(str(opts.verbose_name))} {number}" + (f", “{name}”" if name else "")
            yield from _of_form(form, row)


def _anchor(field: Any) -> str:
    """Return the id of the field's input; of its first, where there are several."""
    if field.is_hidden:
        return ""
    return str(field.id_for_label or f"{field.auto_id}_0")
