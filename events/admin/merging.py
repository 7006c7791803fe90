"""What to do when others changed a row while somebody was typing: merge, and tell.

Three values stand against each other: what the page showed, what is saved now,
and what was typed. What was not touched here takes over what is saved. What
both touched keeps the typing, and the other value is told beside it. Rows that
others added come into the form; rows they deleted leave it, unless something
was typed in them: then they stand as new ones. Nothing is written here.
"""

import math
import re
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django import forms
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Field, FileField, ForeignKey, Model
from django.http import HttpRequest, QueryDict
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from events.admin.authors import Author, Authors
from events.admin.snapshots import Values, fields_of, restored, values
from events.agenda import by_number


class Told(StrEnum):
    """What happened to what others changed."""

    TAKEN = "taken"  # it is in the form now
    BOTH = "both"  # both touched it: the typing stays, theirs is told
    ADDED = "added"  # their new row is in the form now
    REMOVED = "removed"  # their deleted row left the form
    KEPT = "kept"  # they deleted the row, but something was typed in it: it stands as a new one
    DELETING = "deleting"  # they changed a row that is about to be deleted here
    ORDER_TAKEN = "order_taken"
    ORDER_BOTH = "order_both"


@dataclass(frozen=True)
class Change:
    """Something others changed, in words. ``was`` is None where nobody knows what was shown."""

    told: Told
    author: Author
    where: str = ""
    label: str = ""
    was: str | None = None
    now: str = ""
    mine: str = ""


@dataclass
class Conflict:
    """What others changed, the form's data with it, and the sentences beside fields."""

    data: QueryDict
    known: bool
    changes: list[Change] = field(default_factory=list)
    beside: list[tuple[str, int, str, str]] = field(default_factory=list)
    files_lost: bool = False

    def beside_own(self) -> list[tuple[str, str]]:
        """Return field and sentence for the form's own fields."""
        return [(name, text) for prefix, _row, name, text in self.beside if not prefix]

    def beside_rows(self, prefix: str) -> list[tuple[int, str, str]]:
        """Return row, field and sentence for an inline's rows."""
        return [(row, name, text) for where, row, name, text in self.beside if where == prefix]

    def texts(self) -> set[str]:
        """Return all sentences that stand beside fields."""
        return {text for *_where, text in self.beside}


@dataclass
class Row:
    """One row of an inline as it was sent, by the ends of its fields' names."""

    sent: dict[str, list[str]]
    key: str = ""
    index: int | None = None

    def number(self, order: str) -> float:
        """Return the number typed for its place; a new row without one comes last."""
        typed = (self.sent.get(order) or [""])[0].strip()
        if typed.isdecimal():
            return int(typed)
        return math.nan if self.key else math.inf


@dataclass(frozen=True)
class Inline:
    """An inline's rows: as saved now, as the page showed them, and the field of their places."""

    formset: Any
    saved: dict[str, Model]
    shown: dict[str, Values] | None
    authors: Authors
    order: str

    @property
    def key(self) -> str:
        """The name of the primary key's field."""
        name: str = self.formset.model._meta.pk.name
        return name

    def was_shown(self, key: str) -> bool:
        """Whether the page showed this row, as far as anybody knows."""
        return self.shown is None or key in self.shown


Reading = Callable[[], AbstractContextManager[Any]]


class Merge:
    """Merges what was sent with what is saved, one form after the other."""

    def __init__(self, request: HttpRequest, *, known: bool, then: Reading, today: Reading) -> None:
        """Take the request, and in which zone times were shown ``then`` and are ``today``."""
        self.request, self.then, self.today = request, then, today
        self.conflict = Conflict(request.POST.copy(), known, files_lost=bool(request.FILES))

    @property
    def data(self) -> QueryDict:
        return self.conflict.data

    def own(self, form: type[forms.ModelForm], *, shown: Values | None, now: Model) -> None:
        """Merge the fields of the row itself."""
        authors = Authors(type(now), {str(now.pk)}, reader=self.request.user)
        self._fields(form, shown=shown, now=now, authors=authors)

    def inline(
        self, formset: Any, *, shown: dict[str, Values] | None, now: list[Model], order: str = ""
    ) -> None:
        """Merge the rows of an inline. ``order`` is the field that holds their places, if one does.

        Data of a formset that can't be read is left alone: the form refuses it.
        """
        if not formset.management_form.is_valid():
            return
        saved = {str(row.pk): row for row in now}
        authors = Authors(formset.model, {*saved, *(shown or {})}, reader=self.request.user)
        inline = Inline(formset, saved, shown, authors, order)
        for index in range(formset.total_form_count()):
            key = self.data.get(f"{formset.prefix}-{index}-{inline.key}", "").strip()
            if key in saved and inline.was_shown(key):
                self._fields(
                    formset.form,
                    shown=shown.get(key) if shown else None,
                    now=saved[key],
                    authors=authors,
                    prefix=formset.prefix,
                    index=index,
                    order=order,
                )
        rows = self._without_removed(inline, self._take(inline))
        rows = self._with_added(inline, rows)
        if order:
            self._put_in_order(inline, rows)
        self._write(formset.prefix, rows)

    def _fields(
        self,
        form: type[forms.ModelForm],
        *,
        shown: Values | None,
        now: Model,
        authors: Authors,
        prefix: str = "",
        index: int = 0,
        order: str = "",
    ) -> None:
        fields = [column for column in fields_of(form, type(now)) if column.name != order]
        current = values(now, fields)
        changed = [f for f in fields if shown is None or shown.get(f.name) != current[f.name]]
        if not changed:
            return
        of = f"{prefix}-{index}" if prefix else None
        was = restored(type(now), now.pk, shown) if shown is not None else None
        differs = self._differing(form, now, of, self.today)
        touched = differs if was is None else self._differing(form, was, of, self.then)
        deleting = bool(of and self.data.get(f"{of}-DELETE"))
        for column in changed:
            name = column.name
            if deleting:
                # What is to be deleted takes over nothing.
                told = Told.DELETING
            elif name not in differs:
                continue
            else:
                told = Told.BOTH if name in touched else Told.TAKEN
            change = Change(
                told,
                authors.of_value(str(now.pk), column, current[name]),
                where=title_of(now) if prefix else "",
                label=_label(form, column),
                was=self._words(was, column, self.then) if was else None,
                now=self._words(now, column, self.today),
                mine=self._typed(form, now, of, column) if told == Told.BOTH else "",
            )
            self.conflict.changes.append(change)
            if told == Told.TAKEN:
                self._take_over(form, now, of, column)
            elif told == Told.BOTH:
                text = _("%(who)s made this “%(now)s” meanwhile. Yours stands here.")
                text %= {"who": change.author.name, "now": _short(change.now)}
                self.conflict.beside.append((prefix, index, name, text))

    def _differing(
        self, form: type[forms.ModelForm], row: Model, prefix: str | None, reading: Reading
    ) -> set[str]:
        """Return the fields in which what was sent differs from this row."""
        with reading():
            sent = form(self.data, self.request.FILES, instance=row, prefix=prefix)
            return set(sent.changed_data)

    def _take_over(
        self, form: type[forms.ModelForm], now: Model, prefix: str | None, column: Field
    ) -> None:
        if isinstance(column, FileField):
            # No form sends a file back: the row keeps the one that is saved.
            return
        with self.today():
            bound = form(instance=now, prefix=prefix)[column.name]
            for name, sent in _sent(bound.field.widget, bound.html_name, bound.value()).items():
                self.data.setlist(name, sent)
                if not sent:
                    del self.data[name]

    def _words(self, row: Model, column: Field, reading: Reading) -> str:
        with reading():
            return in_words(row, column)

    def _typed(
        self, form: type[forms.ModelForm], now: Model, prefix: str | None, column: Field
    ) -> str:
        """Return in words what was typed for a field: as read where it can be, else as it is."""
        sent = form(self.data, self.request.FILES, instance=type(now)(pk=now.pk), prefix=prefix)
        bound = sent[column.name]
        if isinstance(bound.field, forms.SplitDateTimeField):
            return " ".join(part for part in bound.data or [] if part)
        try:
            with self.today():
                clean = bound.field.clean(bound.data)
        except forms.ValidationError:
            return str(bound.data or "")
        row = type(now)(pk=now.pk)
        setattr(row, column.name, clean)
        return in_words(row, column)

    def _take(self, inline: Inline) -> list[Row]:
        """Take the rows out of the data, in the order they were sent in."""
        pattern = re.compile(rf"{re.escape(inline.formset.prefix)}-(\d+)-(.+)")
        by_index: dict[int, dict[str, list[str]]] = {}
        for name in list(self.data):
            match = pattern.fullmatch(name)
            if match:
                row = by_index.setdefault(int(match[1]), {})
                row[match[2]] = self.data.getlist(name)
                del self.data[name]
        return [
            Row(sent, (sent.get(inline.key) or [""])[0].strip(), index)
            for index, sent in sorted(by_index.items())
            if index < inline.formset.total_form_count()
        ]

    def _without_removed(self, inline: Inline, rows: list[Row]) -> list[Row]:
        """Drop rows that others deleted; those with something typed stand as new ones, last."""
        left, kept = [], []
        for row in rows:
            if not row.key or row.key in inline.saved:
                left.append(row)
                continue
            if row.sent.get("DELETE"):
                continue
            was = restored(inline.formset.model, row.key, (inline.shown or {}).get(row.key, {}))
            typed = self._typing(inline.formset.form, row, was) - {inline.order}
            told = Told.KEPT if typed else Told.REMOVED
            author = inline.authors.of_kind(row.key, "-")
            self.conflict.changes.append(Change(told, author, where=title_of(was)))
            if told == Told.KEPT:
                row.key, row.sent[inline.key] = "", [""]
                kept.append(row)
        return [*left, *kept]

    def _typing(self, form: type[forms.ModelForm], row: Row, was: Model) -> set[str]:
        """Return the fields of a deleted row in which something was typed."""
        data = QueryDict(mutable=True)
        for end, sent in row.sent.items():
            data.setlist(f"row-{end}", sent)
        with self.then():
            return set(form(data, instance=was, prefix="row").changed_data)

    def _with_added(self, inline: Inline, rows: list[Row]) -> list[Row]:
        """Add the rows that others added, behind the saved ones and before the new ones."""
        here = {row.key for row in rows}
        added = [
            key
            for key in inline.saved
            if key not in here and (inline.shown is None or key not in inline.shown)
        ]
        for key in added:
            author = inline.authors.of_kind(key, "+")
            change = Change(Told.ADDED, author, where=title_of(inline.saved[key]))
            self.conflict.changes.append(change)
        new = [row for row in rows if not row.key]
        old = [row for row in rows if row.key]
        return [*old, *(self._as_sent(inline, key) for key in added), *new]

    def _as_sent(self, inline: Inline, key: str) -> Row:
        """Return a saved row as a browser would send it."""
        formset = inline.formset
        sent = {inline.key: [key], formset.fk.name: [str(formset.instance.pk)]}
        with self.today():
            form = formset.form(instance=inline.saved[key])
            for column in fields_of(formset.form, formset.model):
                bound = form[column.name]
                sent |= _sent(bound.field.widget, column.name, bound.value())
        return Row(sent, key)

    def _put_in_order(self, inline: Inline, rows: list[Row]) -> None:
        """Number the rows: in the order typed here, or in theirs where none was typed."""
        order = inline.order
        sent = [row for row in rows if not (row.key and row.index is None)]
        showed = (
            list(inline.saved)
            if inline.shown is None
            else _shown_order(inline.shown, set(inline.shown), order)
        )
        stood = {key: number for number, key in enumerate(showed, 1)}
        places = by_number(
            [row.number(order) for row in sent], [stood.get(row.key, math.nan) for row in sent]
        )
        mine = [sent[place] for place in places]
        by_key = {row.key: row for row in rows if row.key}
        theirs = [by_key[key] for key in inline.saved if key in by_key]
        common = {row.key for row in mine if row.key and inline.was_shown(row.key)}
        kept_mine = [row.key for row in mine if row.key in common]
        kept_theirs = [row.key for row in theirs if row.key in common]
        before = None if inline.shown is None else _shown_order(inline.shown, common, order)
        they_moved = kept_theirs not in (before, kept_mine)
        if they_moved and kept_mine == before:
            told, result = Told.ORDER_TAKEN, _woven(theirs, mine)
        else:
            told, result = Told.ORDER_BOTH, _woven(mine, theirs)
        if they_moved:
            titles = {key: title_of(row) for key, row in inline.saved.items()}
            author = inline.authors.of_latest(inline.formset.model._meta.get_field(order))
            change = Change(
                told,
                author,
                was=None if before is None else _names(before, titles),
                now=_names(kept_theirs, titles),
                mine=_names(kept_mine, titles),
            )
            self.conflict.changes.append(change)
        for number, row in enumerate(result, 1):
            row.sent[order] = [str(number)]

    def _write(self, prefix: str, rows: list[Row]) -> None:
        """Put the rows back into the data under their new places."""
        moved = {row.index: place for place, row in enumerate(rows) if row.index is not None}
        for place, row in enumerate(rows):
            for end, sent in row.sent.items():
                if sent:
                    self.data.setlist(f"{prefix}-{place}-{end}", sent)
        self.data[f"{prefix}-TOTAL_FORMS"] = str(len(rows))
        self.data[f"{prefix}-INITIAL_FORMS"] = str(sum(1 for row in rows if row.key))
        self.conflict.beside[:] = [
            (where, moved.get(index, index) if where == prefix else index, name, text)
            for where, index, name, text in self.conflict.beside
        ]


def in_words(row: Model, column: Field) -> str:
    """Return a field's value as an organiser reads it."""
    value = getattr(row, column.attname)
    if value is None or value == "":
        return _("nothing")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(column, ForeignKey):
        related: Any = column.related_model
        return str(related._default_manager.filter(pk=value).first() or value)
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "j F Y, H:i T")
    shown = getattr(row, f"get_{column.name}_display", None)
    return str(shown() if callable(shown) else value)


def title_of(row: Model) -> str:
    """Return the row's name; what it names may be gone with it."""
    try:
        return str(row)
    except ObjectDoesNotExist:
        return str(row._meta.verbose_name)


def _label(form: type[forms.ModelForm], column: Field) -> str:
    label = str(form.base_fields[column.name].label or column.verbose_name)
    return label[:1].upper() + label[1:]


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:119].rstrip()}…"


def _names(keys: Iterable[str], titles: dict[str, str]) -> str:
    return " · ".join(titles[key] for key in keys)


def _shown_order(shown: dict[str, Values], common: set[str], order: str) -> list[str]:
    """Return the keys in the order the page showed them in: by place, then by age."""
    return sorted(common, key=lambda key: (shown[key].get(order) or 0, int(key)))


def _woven(order: list[Row], other: list[Row]) -> list[Row]:
    """Return the first order with what only the other has: each after what it follows there."""
    result = list(order)
    for place, row in enumerate(other):
        if any(row is there for there in result):
            continue
        if all(not after.key for after in other[place:]):
            # Nothing saved follows it, so it is one of the last.
            result.append(row)
            continue
        before = [there for there in other[:place] if any(there is one for one in result)]
        at = next((n for n, one in enumerate(result, 1) if before and one is before[-1]), 0)
        result.insert(at, row)
    return result


def _sent(widget: forms.Widget, name: str, value: Any) -> dict[str, list[str]]:
    """Return what a browser would send for a widget that shows this value."""
    widget = getattr(widget, "widget", widget)
    if isinstance(widget, forms.MultiWidget):
        parts = value if isinstance(value, list) else widget.decompress(value) or []
        ends: list[str] = widget.widgets_names  # type: ignore[attr-defined]
        sent: dict[str, list[str]] = {}
        for part, end, inner in zip(parts, ends, widget.widgets, strict=True):
            sent |= _sent(inner, f"{name}{end}", part)
        return sent
    if isinstance(widget, forms.CheckboxInput):
        return {name: ["on"] if widget.check_test(value) else []}
    if isinstance(widget, forms.widgets.ChoiceWidget):
        return {name: [str(choice) for choice in widget.format_value(value)]}
    shown = widget.format_value(value)
    return {name: ["" if shown is None else str(shown)]}
