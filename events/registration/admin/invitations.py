"""Whom the organisers invite: a page of the event with how each invitation stands."""

from collections.abc import Callable
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from events import clock
from events.admin.named import DayAndTime, MomentField
from events.models import Event
from events.registration import access, guests, rules
from events.registration.forms import AddressField, LineField, checked_name
from events.registration.models import AttendanceMode, Invitation
from events.registration.queries import availability_of
from events.registration.rules import Guest, Refused, Terms, Verdict
from speakers.models import StakeholderGroup

SEE = "registration.view_registration"
DECIDE = "registration.change_registration"
A_PAGE = 100

SENTENCES = {
    Verdict.INVITE: _("will be invited"),
    Verdict.REGISTERED: _("is registered already"),
    Verdict.DECLINED: _("was declined a seat: confirm it in the registrations instead"),
    Verdict.INVITED: _("is invited already"),
    Verdict.TWICE: _("stands in the list already"),
    Verdict.NO_MODE: _("a seat can only be held in the room or online: say which"),
    Verdict.NOT_OFFERED: _("this way to take part is not offered"),
    Verdict.NO_SEAT: _("there is no seat left to hold"),
    "cancelled": _("The event was cancelled."),
    "over": _("The event is over."),
    "not_on_the_site": _("The event is not on the site yet. Put it there first."),
    "no_mail": _("No mail server is set up, so no invitation would leave."),
    "expires_at": _("Choose a time from now until the end of the event."),
    "invitation_used": _("She said yes already. Her seat is among the registrations."),
}


class TermsForm(forms.Form):
    """What holds for all who are invited at once."""

    expires_at = MomentField(
        label=_("Valid until"),
        widget=DayAndTime,
        error_messages={"required": _("Say until when it can be answered.")},
    )
    holds_seat = forms.BooleanField(
        label=_("Hold a seat until then"),
        required=False,
        help_text=_("Nobody else gets it. It needs a way to take part."),
    )
    opens_registration = forms.BooleanField(
        label=_("Let them register even where registration is closed"),
        required=False,
        help_text=_("Before it opens, after it closes, and where you take no more people."),
    )

    def __init__(self, *args: Any, event: Event, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.event = event
        self.fields["expires_at"].initial = availability_of(event, now=clock.now()).closes_at

    def clean_expires_at(self) -> Any:
        expires_at = self.cleaned_data["expires_at"]
        if not clock.now() < expires_at <= self.event.ends_at:
            raise ValidationError(SENTENCES["expires_at"])
        return expires_at

    def terms(self) -> Terms:
        """Return what was ticked, as the rules take it."""
        return Terms(
            expires_at=self.cleaned_data["expires_at"],
            holds_seat=self.cleaned_data["holds_seat"],
            opens_registration=self.cleaned_data["opens_registration"],
            language=get_language() or "en",
        )


class GuestForm(TermsForm):
    """One person to invite."""

    name = LineField(label=_("Name"), max_length=200)
    email = AddressField(label=_("Email"), max_length=254)
    group = forms.ModelChoiceField(
        StakeholderGroup.objects.filter(offered=True), label=_("Stakeholder group"), required=False
    )
    mode = forms.ChoiceField(
        label=_("Way to take part"),
        required=False,
        choices=[("", "–"), *AttendanceMode.choices],
    )
    field_order = ["name", "email", "group", "mode"]

    def clean_name(self) -> str:
        return checked_name(self.cleaned_data["name"])

    def guest(self) -> Guest:
        """Return the person, as the rules take her."""
        mode = self.cleaned_data["mode"]
        return Guest(
            name=self.cleaned_data["name"],
            email=self.cleaned_data["email"],
            group=self.cleaned_data["group"],
            mode=AttendanceMode(mode) if mode else None,
        )


class GuestListForm(TermsForm):
    """A list of people to invite, as a file or pasted. Cleaned, it is ``lines``."""

    file = forms.FileField(
        label=_("A file (CSV)"),
        required=False,
        help_text=_("From a spreadsheet: “Save as”, “CSV UTF-8”."),
    )
    text = forms.CharField(
        label=_("Or paste it here"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 10, "cols": 70, "dir": "auto", "spellcheck": "false"}),
        help_text=_(
            "The first line names the columns: name, email, group, mode. The last two may be "
            "left out; other columns are passed over."
        ),
    )
    field_order = ["file", "text"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        file = cleaned.get("file")
        text = cleaned.get("text") or ""
        if file:
            if file.size > guests.MOST_BYTES:
                raise ValidationError(guests.too_long())
            text = guests.text_of(file.read())
            # No page can fill in a file again; its lines it can.
            data = cast("QueryDict", self.data).copy()
            data["text"] = text
            self.data = data
        elif not text.strip():
            raise ValidationError(_("Choose a file, or paste the list."))
        groups = {group.code: group for group in StakeholderGroup.objects.all()}
        self.lines = guests.read(text, groups)
        cleaned["text"] = text
        return cleaned


class InvitationPages(admin.ModelAdmin):
    """Beside an event: whom it invites, for whoever may see and decide on registrations."""

    def get_urls(self) -> list[URLPattern]:
        def page(address: str, view: Callable[..., HttpResponse], name: str) -> URLPattern:
            view = self.admin_site.admin_view(view)
            return path(
                f"<path:object_id>/invitations/{address}", view, name=f"events_event_{name}"
            )

        remind, withdraw = require_POST(self.remind_view), require_POST(self.withdraw_view)
        return [
            page("", self.invitations_view, "invitations"),
            page("new/", self.invite_view, "invite"),
            page("list/", self.invite_list_view, "invite_list"),
            page("remind/", remind, "remind"),
            page("<int:key>/withdraw/", withdraw, "withdraw"),
            *super().get_urls(),
        ]

    def invitations_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the invitations, all or those that stand in one way, and how many stand how."""
        event = self._event_to_invite_to(request, object_id, SEE)
        now = clock.now()
        states = Invitation.State
        counted = Invitation.objects.filter(event=event).aggregate(
            **{state.value: Count("pk", filter=Invitation.standing(state, now=now))
               for state in states}
        )  # fmt: skip
        chosen = request.GET.get("state", "")
        rows = Invitation.objects.filter(event=event).select_related("group", "registration")
        if chosen in states.values:
            rows = rows.in_state(chosen, now=now)
        page = Paginator(rows, A_PAGE).get_page(request.GET.get("p"))
        listed = [(row, row.state(now)) for row in page]
        filters = f"{_now('state')}: {chosen}" if chosen in states.values else ""
        access.record(
            access.What.INVITED, by=request.user, at=timezone.now(), event=event,
            number=len(listed), filters=filters,
        )  # fmt: skip
        return self._invitation_page(
            request, event, "invitations.html", _now("Invitations"),
            page=page, rows=listed, chosen=chosen, number=sum(counted.values()),
            counts=[(state, counted[state.value]) for state in states],
            to_remind=len(rules.to_remind(event, now=now, at=timezone.now())),
            may_decide=request.user.has_perm(DECIDE),
        )  # fmt: skip

    def invite_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Invite one person."""
        event = self._event_to_invite_to(request, object_id, DECIDE)
        form = GuestForm(request.POST if request.method == "POST" else None, event=event)
        if form.is_valid():
            try:
                rules.invite(
                    event, form.guest(), form.terms(), by=request.user, now=clock.now(),
                    at=timezone.now(),
                )  # fmt: skip
            except Refused as refusal:
                form.add_error(None, _sentence(str(refusal.reason)))
            else:
                messages.success(request, _now("The invitation is on its way."))
                return self._to_invitations(event)
        return self._invitation_page(
            request, event, "invite.html", _now("Invite somebody"), form=form
        )

    def invite_list_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what a list would do; once that is confirmed, look again and do it."""
        event = self._event_to_invite_to(request, object_id, DECIDE)
        sent = request.method == "POST"
        form = GuestListForm(
            request.POST if sent else None, request.FILES if sent else None, event=event
        )
        looked = None
        if form.is_valid() and "change" not in request.POST:
            people = [line.guest for line in form.lines if line.guest]
            try:
                rules.require_inviting(event, form.terms(), now=clock.now())
                if "confirmed" in request.POST:
                    verdicts = rules.invite_many(
                        event, people, form.terms(), by=request.user, now=clock.now(),
                        at=timezone.now(),
                    )  # fmt: skip
                    self._tell_of_list(request, verdicts, len(form.lines))
                    return self._to_invitations(event)
            except Refused as refusal:
                form.add_error(None, _sentence(str(refusal.reason)))
            else:
                looked = _looked(event, form)
        return self._invitation_page(
            request, event, "invite_list.html", _now("Invite people from a list"),
            form=form, looked=looked,
            invited=sum(verdict == Verdict.INVITE for _line, verdict, _said in looked or ()),
            kept={
                name: form.cleaned_data.get(name)
                for name in ("text", "expires_at", "holds_seat", "opens_registration")
            } if looked is not None else {},
        )  # fmt: skip

    def remind_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        event = self._event_to_invite_to(request, object_id, DECIDE)
        try:
            number = rules.remind(event, now=clock.now(), at=timezone.now())
        except Refused as refusal:
            messages.error(request, _sentence(str(refusal.reason)))
        else:
            text = ngettext(
                "%(number)d person is reminded.", "%(number)d people are reminded.", number
            )
            messages.success(request, text % {"number": number})
        return self._to_invitations(event)

    def withdraw_view(self, request: HttpRequest, object_id: str, key: int) -> HttpResponse:
        event = self._event_to_invite_to(request, object_id, DECIDE)
        row = get_object_or_404(Invitation, event=event, pk=key)
        try:
            rules.withdraw(row, now=clock.now(), at=timezone.now())
        except Refused as refusal:
            messages.error(request, _sentence(str(refusal.reason)))
        else:
            messages.success(request, _now("The invitation is withdrawn. No mail tells of it."))
        return self._to_invitations(event)

    def _tell_of_list(self, request: HttpRequest, verdicts: list[Verdict], lines: int) -> None:
        """Say how many were invited, and how many not."""
        invited = sum(verdict == Verdict.INVITE for verdict in verdicts)
        if invited:
            text = ngettext(
                "%(number)d invitation is on its way.",
                "%(number)d invitations are on their way.",
                invited,
            )
            messages.success(request, text % {"number": invited})
        if left := lines - invited:
            text = ngettext(
                "%(number)d line of the list was passed over.",
                "%(number)d lines of the list were passed over.",
                left,
            )
            messages.warning(request, text % {"number": left})

    def _event_to_invite_to(self, request: HttpRequest, object_id: str, needed: str) -> Event:
        """Return the event for somebody who may see, or decide on, registrations."""
        event: Event | None = self.get_object(request, unquote(object_id))
        may = request.user.has_perm(SEE) and request.user.has_perm(needed)
        if not (may and self.has_view_or_change_permission(request, event)):
            raise PermissionDenied
        if event is None:
            raise Http404
        return event

    def _to_invitations(self, event: Event) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:events_event_invitations", args=[event.pk]))

    def _invitation_page(
        self, request: HttpRequest, event: Event, template: str, title: str, **context: Any
    ) -> HttpResponse:
        values = {
            **self.admin_site.each_context(request),
            "title": title,
            "subtitle": None,
            "opts": self.opts,
            "object": event,
            "is_there": True,
            **context,
        }
        response = TemplateResponse(request, f"admin/events/event/{template}", values)
        patch_cache_control(response, no_store=True, private=True)
        return response


def _looked(event: Event, form: GuestListForm) -> list[tuple[guests.Line, str, str]]:
    """Return each line with what would become of it, and that in words."""
    people = [line.guest for line in form.lines if line.guest]
    verdicts = iter(rules.look(event, people, form.terms(), now=clock.now()))
    shown = []
    for line in form.lines:
        verdict = next(verdicts) if line.guest else ""
        shown.append((line, str(verdict), _sentence(verdict) if verdict else line.wrong))
    return shown


def _sentence(reason: str) -> str:
    """Say to an organiser what becomes of an invitation, or why nothing does."""
    return str(SENTENCES[reason])
