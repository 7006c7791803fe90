"""Who changed what when, in the admin: read it, compare two moments, bring something back."""

from collections.abc import Callable
from datetime import MAXYEAR, MINYEAR, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from events import clock, history
from events.differences import moment_text
from events.history import Save, Trail
from events.models import Event
from events.restoring import (
    PART_NAMES,
    NothingThere,
    Part,
    Plan,
    plan,
    plan_speaker,
    restore,
    restore_speaker,
)
from speakers.models import Speaker

SAVES_PER_PAGE = 25
NOW = "now"
# What bringing a part back writes, adds and deletes.
WRITES: dict[Part, tuple[str, ...]] = {
    Part.AGENDA: ("agendaitem", "assignment"),
    Part.NOTE: ("conceptnote", "notesection"),
    Part.FACTS: (),
}


def may_restore(request: HttpRequest, part: Part) -> bool:
    """Whether this organiser may write all that bringing this part back writes."""
    needed = [
        f"events.{action}_{model}"
        for model in WRITES[part]
        for action in ("add", "change", "delete")
    ]
    return request.user.has_perms(["events.change_event", *needed])


def sentence(words: str, zone: ZoneInfo) -> str:
    """Say what a save says of itself, such as what it brought back; "" for nothing known."""
    kind, _colon, rest = words.partition(":")
    if kind == "copy":
        source = Event.objects.filter(pk=rest).first() if rest.isdecimal() else None
        return _("Copied from “%(event)s”.") % {"event": source} if source else _("Copied.")
    what, _colon, moment = rest.partition(":")
    if kind != "restore":
        return ""
    part = PART_NAMES.get(what) or _("the profile")  # type: ignore[call-overload]
    return sentence_of(str(part), datetime.fromisoformat(moment), zone)


def sentence_of(part: str, moment: datetime, zone: ZoneInfo) -> str:
    """Say what was brought back, as it was when."""
    words = {"part": part, "moment": moment_text(moment, zone)}
    return _("Brought back %(part)s as of %(moment)s.") % words


class KeepsHistory(admin.ModelAdmin):
    """Shows the history of a row in plain words, at the address of Django's own."""

    restores_row = False

    def trail(self, row: Any) -> Trail:
        """Return the history to show."""
        return history.of_row(row)

    def zone_of(self, row: Any) -> ZoneInfo:
        """Return the zone for the times shown: the event's, else that of the one in front."""
        event = row if isinstance(row, Event) else getattr(row, "event", None)
        event = event or Event.objects.in_front(clock.now()).first() or Event()
        return event.tzinfo

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the saves that touched the row, the latest first."""
        row = self.row_for_history(request, object_id)
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined]
        zone, trail = self.zone_of(row), self.trail(row)
        page = Paginator(trail.saves, SAVES_PER_PAGE).get_page(request.GET.get("p"))
        trail.fill(page.object_list, zone=zone)
        return self.history_page(
            request,
            row,
            "history",
            page=page,
            saves=[(save, sentence(save.words, zone)) for save in page.object_list],
            latest=trail.saves[0] if trail.saves else None,
            zone=zone.key,
            restores_row=self.restores_row and self.has_change_permission(request, row),
            **(extra_context or {}),
        )

    def row_for_history(self, request: HttpRequest, object_id: str) -> Any:
        """Return the row whose history this is, or None. Raises PermissionDenied."""
        row = self.get_object(request, unquote(object_id))
        if not self.has_view_or_change_permission(request, row):
            raise PermissionDenied
        return row

    def history_page(
        self, request: HttpRequest, row: Any, name: str, **context: Any
    ) -> TemplateResponse:
        """Return one of the pages of a history."""
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            f"admin/events/event/{name}.html",
            {
                **self.admin_site.each_context(request),
                "title": _("History of %(row)s") % {"row": row} if row else "",
                "subtitle": None,
                "opts": self.opts,
                "object": row,
                "is_there": row is not None and self.is_there(row),
                **context,
            },
        )

    def is_there(self, row: Any) -> bool:
        """Whether the row still is there; a deleted one has a history as well."""
        return True

    def address(self, name: str, *arguments: Any) -> str:
        """Return the address of one of this model's pages in the admin."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{name}", args=arguments)

    def restore_page(
        self,
        request: HttpRequest,
        row: Any,
        *,
        what: str,
        read: Callable[[datetime], Plan],
        write: Callable[[datetime], Plan],
    ) -> HttpResponse:
        """Show what would come of it, and do it once the organiser has seen just that."""
        zone = self.zone_of(row)
        moment = moment_of(request.GET.get("moment", ""))
        try:
            if request.method == "POST":
                with transaction.atomic():
                    self.model._default_manager.select_for_update().get(pk=row.pk)
                    if request.POST.get("seen") == self.latest(row):
                        text = sentence_of(what, moment, zone)
                        return self._restored(request, row, write(moment), text)
            found = read(moment)
        except NothingThere:
            messages.error(request, _("There was nothing then that could be brought back."))
            return HttpResponseRedirect(self.address("history", row.pk))
        if request.method == "POST":
            messages.warning(
                request, _("Something changed in the meantime. Please look at it once more.")
            )
        return self.history_page(
            request,
            row,
            "history_restore",
            title=_("Bring back %(what)s as of %(moment)s")
            % {"what": what, "moment": moment_text(moment, zone)},
            changes=history.compare(found.before, found.after, zone=zone),
            plan=found,
            seen=self.latest(row),
        )

    def latest(self, row: Any) -> str:
        """Return the moment of the last save, by which a page knows that it is not stale."""
        saves = self.trail(row).saves
        return saves[0].moment if saves else ""

    def _restored(self, request: HttpRequest, row: Any, done: Plan, text: str) -> HttpResponse:
        messages.success(
            request, f"{text} {_('It stands in the history, and can be taken back from there.')}"
        )
        for left_out in done.left_out:
            messages.warning(request, left_out)
        self.log_change(request, row, text)
        return HttpResponseRedirect(self.address("history", row.pk))


def moment_of(text: str) -> datetime:
    """Return the moment an address names. Raises Http404 for anything else."""
    try:
        # A plus sign in an address is read as a blank.
        moment = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise Http404 from None
    # At either end of the calendar, another zone's clock would show no time at all.
    if moment.tzinfo is None or not MINYEAR < moment.year < MAXYEAR:
        raise Http404
    return moment


class RestoresSpeaker(KeepsHistory):
    """A profile's history, from which it can be brought back."""

    restores_row = True

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.restore_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}_restore"
        return [path("<path:object_id>/history/restore/", view, name=name), *super().get_urls()]

    def restore_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Bring a profile back as of a moment."""
        speaker: Speaker | None = self.get_object(request, unquote(object_id))
        if speaker is None:
            raise Http404
        if not self.has_change_permission(request, speaker):
            raise PermissionDenied
        return self.restore_page(
            request,
            speaker,
            what=_("the profile"),
            read=lambda moment: plan_speaker(speaker, moment=moment),
            write=lambda moment: restore_speaker(speaker, moment=moment, at=timezone.now()),
        )


def _choice(save: Save, zone: ZoneInfo) -> str:
    """Name a save so that it is known from others of the same minute."""
    said = sentence(save.words, zone) or get_text_list(save.rooms, _("and"))
    return f"{moment_text(save.at, zone, seconds=True)}, {save.by}: {said}"


class TwoMoments(forms.Form):
    """Which two states of an event to lay beside each other."""

    before = forms.ChoiceField(label=gettext_lazy("From"))
    after = forms.ChoiceField(label=gettext_lazy("To"))

    def __init__(self, *args: Any, saves: list[Save], zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        moments = [(save.moment, _choice(save, zone)) for save in saves]
        unknown = _("There is no such moment in this history. Choose one of these.")
        for name in ("before", "after"):
            chosen = self.fields[name]
            assert isinstance(chosen, forms.ChoiceField)
            chosen.choices = [(NOW, _("now")), *moments]
            chosen.error_messages["invalid_choice"] = unknown


class EventHistory(KeepsHistory):
    """The history of an event with all that stands on its pages."""

    def get_urls(self) -> list[URLPattern]:
        wrap, event = self.admin_site.admin_view, "<path:object_id>/history"
        return [
            path("deleted/", wrap(self.deleted_view), name="events_event_deleted"),
            path(f"{event}/compare/", wrap(self.compare_view), name="events_event_compare"),
            path(
                f"{event}/restore/<str:part>/", wrap(self.restore_view), name="events_event_restore"
            ),
            *super().get_urls(),
        ]

    def trail(self, row: Event) -> Trail:
        return history.of_event(row.pk)

    def is_there(self, row: Event) -> bool:
        return Event.objects.filter(pk=row.pk).exists()

    def row_for_history(self, request: HttpRequest, object_id: str) -> Event | None:
        """Return the event; one that was deleted as it was last."""
        found: Event | None = super().row_for_history(request, object_id)
        key = unquote(object_id)
        if found is None and key.isdecimal():
            found = history.last_state(Event, int(key))
        return found

    def deleted_view(self, request: HttpRequest) -> HttpResponse:
        """List the events that were deleted."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return self.history_page(
            request, None, "history_deleted", title=_("Deleted events"),
            events=history.deleted_events(),
        )  # fmt: skip

    def compare_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Lay two moments of an event beside each other."""
        event = self.row_for_history(request, object_id)
        if event is None:
            raise Http404
        zone, trail = event.tzinfo, self.trail(event)
        trail.sign(trail.saves)
        standard = {"before": trail.saves[1 if len(trail.saves) > 1 else 0].moment, "after": NOW}
        form = TwoMoments(request.GET or standard, saves=trail.saves, zone=zone)
        context: dict[str, Any] = {}
        if form.is_valid():
            first, last = sorted(
                (form.cleaned_data[name] for name in ("before", "after")),
                key=lambda chosen: (chosen == NOW, chosen),
            )
            states = [
                history.present(event.pk) if chosen == NOW
                else history.as_of(event.pk, datetime.fromisoformat(chosen))
                for chosen in (first, last)
            ]  # fmt: skip
            context["changes"] = history.compare(*states, zone=zone)
            if first != NOW and self.is_there(event):
                context["moment"] = first
                context["when"] = moment_text(datetime.fromisoformat(first), zone)
                context["parts"] = [
                    (part.value, PART_NAMES[part]) for part in Part if may_restore(request, part)
                ]
        return self.history_page(
            request, event, "history_compare", form=form,
            title=_("Compare two moments of %(event)s") % {"event": event}, **context,
        )  # fmt: skip

    def restore_view(self, request: HttpRequest, object_id: str, part: str) -> HttpResponse:
        """Bring back a part of an event as of a moment."""
        event: Event | None = self.get_object(request, unquote(object_id))
        if event is None or part not in set(Part):
            raise Http404
        asked = Part(part)
        if not self.has_change_permission(request, event) or not may_restore(request, asked):
            raise PermissionDenied
        return self.restore_page(
            request,
            event,
            what=str(PART_NAMES[asked]),
            read=lambda moment: plan(event, asked, moment=moment),
            write=lambda moment: restore(event, asked, moment=moment, at=timezone.now()),
        )
