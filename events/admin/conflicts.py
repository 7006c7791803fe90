"""Two people edit one page: the second to save is told what changed, and loses nothing.

A form carries what it showed (``snapshots``). On saving, behind the row's lock,
that is compared with what is saved. Where others changed something, nothing is
written: the form comes back merged (``merging``), with a list of what changed,
by whom and when. Saving that form goes through, unless somebody was faster
once more.

A form that carries nothing readable (an old page, a script, a forgery) is
refused once if it would change anything: nobody can tell what its author saw.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets, unquote
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events.admin.authors import Authors
from events.admin.merging import Conflict, Merge, title_of
from events.admin.problems import problems
from events.admin.snapshots import SHOWN, Snapshot, fields_of, name_of, read, restored, values

ABOVE = gettext_lazy("Others changed this page meanwhile. See above.")


class ConflictGuard(admin.ModelAdmin):
    """Put it first among the bases of an admin whose pages two people may edit at once.

    An inline whose rows are moved about names the field that holds their places
    as ``order_field``; their order then counts as one thing.
    """

    change_form_template = "admin/guarded_change_form.html"

    def lock(self, row: Any) -> None:
        """Lock what every writer of this row locks first. Inside a transaction."""
        self.model._default_manager.select_for_update().filter(pk=row.pk).first()

    def reading(self, row: Any) -> AbstractContextManager[Any]:
        """Return the context in which this row's form shows and reads its values."""
        return nullcontext()

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the form with what it shows, or save it unless others were faster."""
        context = dict(extra_context or {})
        if object_id is None or "_saveasnew" in request.POST:
            return super().changeform_view(request, object_id, form_url, context)
        if request.method == "POST":
            with transaction.atomic():
                gone = self._compare(request, unquote(object_id), context)
                return gone or super().changeform_view(request, object_id, form_url, context)
        row = self.get_object(request, unquote(object_id))
        if row is not None and self.has_change_permission(request, row):
            context["shown"] = self._snapshot(request, row).signed(row)
        return super().changeform_view(request, object_id, form_url, context)

    def _compare(
        self, request: HttpRequest, key: str, context: dict[str, Any]
    ) -> HttpResponse | None:
        """Look behind the lock for what others did. Returns the answer for a row that is gone."""
        found = self.get_object(request, key)
        if found is not None:
            self.lock(found)
        row = self.get_object(request, key)
        shown = read(request.POST.get(SHOWN, ""), name_of(self.model, key))
        if row is None:
            may = shown is not None and self.has_change_permission(request)
            return self._gone(request, key, shown) if may and shown else None
        if not self.has_change_permission(request, row):
            return None
        now = self._snapshot(request, row)
        context["shown"] = now.signed(row)
        if shown != now:
            conflict = self._merged(request, row, shown)
            if conflict.changes:
                conflict.data._mutable = False
                request.POST = conflict.data  # type: ignore[assignment]
                request.conflict = conflict  # type: ignore[attr-defined]
                context["conflict"] = conflict
        return None

    def _snapshot(self, request: HttpRequest, row: Model) -> Snapshot:
        own = values(row, fields_of(self._own_form(request, row), self.model))
        rows = {
            formset.prefix: {
                str(inner.pk): values(inner, fields_of(formset.form, formset.model))
                for inner in _saved(formset)
            }
            for formset, _inline in self._guarded(request, row)
        }
        return Snapshot(own, rows)

    def _merged(self, request: HttpRequest, row: Model, shown: Snapshot | None) -> Conflict:
        was = restored(self.model, row.pk, shown.own) if shown else row
        merge = Merge(
            request,
            known=shown is not None,
            then=lambda: self.reading(was),
            today=lambda: self.reading(row),
        )
        merge.own(self._own_form(request, row), shown=shown.own if shown else None, now=row)
        for formset, inline in self._guarded(request, row):
            before = shown.rows.get(formset.prefix, {}) if shown else None
            order = getattr(inline, "order_field", "")
            merge.inline(formset, shown=before, now=_saved(formset), order=order)
        return merge.conflict

    def _own_form(self, request: HttpRequest, row: Model) -> Any:
        fields = flatten_fieldsets(self.get_fieldsets(request, row))
        return self.get_form(request, row, change=True, fields=fields)

    def _guarded(self, request: HttpRequest, row: Model) -> list[tuple[Any, Any]]:
        """Return the formsets this person may edit, each with its inline."""
        formsets, inlines = super()._create_formsets(request, row, change=True)  # type: ignore[misc]
        return [
            (formset, inline)
            for formset, inline in zip(formsets, inlines, strict=True)
            if inline.has_change_permission(request, row)
        ]

    # What others changed makes the forms invalid, so Django's admin shows them again.

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        conflict = getattr(request, "conflict", None)
        return _told(form, conflict) if conflict else form

    def _create_formsets(self, request: HttpRequest, obj: Any, change: bool) -> Any:
        formsets, inlines = super()._create_formsets(request, obj, change)  # type: ignore[misc]
        conflict: Conflict | None = getattr(request, "conflict", None)
        for formset in formsets if conflict else ():
            assert conflict
            formset.full_clean()
            for index, name, text in conflict.beside_rows(formset.prefix):
                formset.forms[index].add_error(name, text)
        return formsets, inlines

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """List the errors at the top, each with a link. What others changed is none."""
        conflict: Conflict | None = context.get("conflict")
        if context.get("errors"):
            known = _told_by(conflict) if conflict else ()
            context["problems"] = problems(
                context["adminform"].form, context["inline_admin_formsets"], known=known
            )
            context["errors"] = context["errors"] if context["problems"] else None
        return super().render_change_form(request, context, *args, **kwargs)

    def _gone(self, request: HttpRequest, key: str, shown: Snapshot) -> HttpResponse:
        """Say that the row was deleted meanwhile, with everything that was typed."""
        was = restored(self.model, key, shown.own)
        typed = _typed(request.POST, self.get_form(request).base_fields)
        author = Authors(self.model, {key}, reader=request.user).of_kind(key, "-")
        context = {
            **self.admin_site.each_context(request),
            "title": _("Deleted meanwhile"),
            "opts": self.opts,
            "was": title_of(was),
            "author": author,
            "typed": typed,
        }
        return TemplateResponse(request, "admin/gone.html", context, status=410)


def _saved(formset: Any) -> list[Model]:
    return list(formset.get_queryset().prefetch_related(None))


def _told(form: Any, conflict: Conflict) -> Any:
    """Return the form, invalid for what others changed, and saying so beside its fields."""

    class Told(form):
        def full_clean(self) -> None:
            super().full_clean()
            if self.is_bound:
                self.add_error(None, ABOVE)
                for name, text in conflict.beside_own():
                    self.add_error(name, text)

    return Told


def _told_by(conflict: Conflict) -> set[str]:
    """Return the sentences that are no errors: they say what others changed."""
    return {str(ABOVE), *conflict.texts()}


def _typed(data: QueryDict, fields: dict[str, Any]) -> list[tuple[str, str]]:
    """Return label and text of everything typed, inline rows' too, so that it can be copied."""
    found = []
    for name in data:
        text = "\n".join(part for part in data.getlist(name) if part.strip())
        end = name.rpartition("-")[2]
        hidden = name.startswith(("_", "csrf")) or end in {"id", "DELETE", "INITIAL_FORMS"}
        if text and not hidden and not end.endswith("_FORMS"):
            known = fields.get(name)
            label = str(known.label) if known and known.label else end.replace("_", " ")
            found.append((label[:1].upper() + label[1:], text))
    return found
