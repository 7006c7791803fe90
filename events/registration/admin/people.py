"""The list of registrations, and one person's page."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import LogEntry
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, ngettext, ngettext_lazy
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from events import clock
from events.models import Event
from events.registration import access, exports, rules
from events.registration.admin import deciding, filters
from events.registration.admin.deciding import ReasonForm
from events.registration.admin.entering import EnterForm, asked_for, entered
from events.registration.admin.exporting import MAY_EXPORT, ExportForm, exported
from events.registration.admin.filters import SEE_SUPPORT
from events.registration.admin.pages import PersonPages, confirm
from events.registration.admin.person import answers_of, mails_to, told, wish_of
from events.registration.admin.support import attendants_at, needs_by_kind
from events.registration.models import (
    Attendant,
    Consent,
    Registration,
    RegistrationQuerySet,
    SeatRequest,
    SupportNeed,
)

# Each is erased in a transaction of its own, within one request; nobody means more at once.
MOST_ERASED = 500

# A moment as the desk writes it, its zone named.
WRITTEN = "%d.%m.%Y %H:%M %Z"

# What the list asks before it does something to many.
SEND_LINK = ngettext_lazy("Send this person the link?", "Send these people their links?", "number")
CONFIRM = ngettext_lazy("Confirm this seat?", "Confirm these seats?", "number")
DECLINE = ngettext_lazy("Decline this person?", "Decline these people?", "number")
GIVE_UP = ngettext_lazy(
    "Give up the seat of this person?", "Give up the seats of these people?", "number"
)


class ReadOnlyInline(admin.TabularInline):
    """Shown to whom the permission allows; nobody edits it here."""

    extra = 0
    can_delete = False

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        """All of them: times that no form may hold are among them."""
        return list(cast("list[str]", self.fields))

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ConsentInline(ReadOnlyInline):
    model = Consent
    fields = ["purpose", "given", "notice_version", "language", "channel", "when"]

    @admin.display(description=_("when"))
    def when(self, consent: Consent) -> str:
        """In the zone of the page it stands on, which is the event's."""
        return f"{timezone.localtime(consent.at):{WRITTEN}}"


class SupportNeedInline(ReadOnlyInline):
    model = SupportNeed
    fields = ["kind", "note"]


class AttendantInline(ReadOnlyInline):
    model = Attendant
    fields = ["kind", "name"]

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """As for support needs: it tells that there is one."""
        return request.user.has_perm(SEE_SUPPORT)


@admin.register(Registration)
class RegistrationAdmin(PersonPages):
    list_display = ["name", "at_event", "seats", "group", "country", "registered"]
    sortable_by = ["name", "registered"]
    list_select_related = ["event", "group"]
    search_fields = ["name", "email", "organisation", "reference"]
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    paginator = filters.PatientPaginator
    inlines = [SupportNeedInline, AttendantInline, ConsentInline]
    actions = ["send_link_again", "confirm", "decline", "give_up_seat", "delete_selected"]
    readonly_fields = ["event", "reference", "contact", "interpretation", "registered", "changed"]
    fieldsets = [
        (None, {"fields": ["name", "phone", "language", "contact"]}),
        (
            _("Who it is"),
            {"fields": ["group", "organisation", "job_title", "country", "county"]},
        ),
        (_("For the table"), {"fields": ["question", "interpretation"]}),
        (_("When"), {"fields": ["event", "reference", "registered", "changed"]}),
    ]

    # What is read

    def get_queryset(self, request: HttpRequest) -> QuerySet[Registration]:
        return super().get_queryset(request).prefetch_related("seat_requests")

    @admin.display(description=_("event"))
    def at_event(self, registration: Registration) -> str:
        """By its short name: the list is as wide as a laptop."""
        return registration.event.name

    @admin.display(description=_("seat"))
    def seats(self, registration: Registration) -> str:
        return ", ".join(str(seat) for seat in registration.seat_requests.all())

    @admin.display(description=_("registered"), ordering="created_at")
    def registered(self, registration: Registration) -> str:
        """In the event's own time, as an organiser thinks of it."""
        return told_at(registration, registration.created_at)

    @admin.display(description=_("changed"))
    def changed(self, registration: Registration) -> str:
        return told_at(registration, registration.changed_at)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Name who gets her mails only where that is somebody else."""
        (first, fields), *others = super().get_fieldsets(request, obj)
        if obj is not None and obj.contact_id is None:
            shown = [name for name in fields["fields"] if name != "contact"]
            return [(first, {**fields, "fields": shown}), *others]
        return [(first, fields), *others]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        shown = ["event", filters.SeatFilter, "group", filters.CountryFilter, filters.AddressFilter]
        return [*shown, filters.SupportFilter] if request.user.has_perm(SEE_SUPPORT) else shown

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Allow what the filters ask and nothing else: Django would let
        "support_needs__isnull" tell who asked for support.
        """
        known = filters.FILTERS
        if request is not None and request.user.has_perm(SEE_SUPPORT):
            known |= {filters.SUPPORT}
        return lookup in known

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """Find people in the list. No field of another form looks them up by their names."""
        if request.resolver_match and request.resolver_match.url_name == "autocomplete":
            return queryset.none(), False
        return filters.search(queryset, search_term), False

    # Who may what

    def has_export_permission(self, request: HttpRequest) -> bool:
        """Whether this colleague may take the list away as a file."""
        return request.user.has_perm(MAY_EXPORT)

    # The list

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list and note that it was seen. What can't be understood is left out."""
        elsewhere = self._plain_address(request)
        if elsewhere:
            return elsewhere
        if "e" in request.GET and request.method == "GET":
            text = _("A filter in the address was not understood, so this is everybody.")
            messages.warning(request, text)
        query = self.filters_of(request).urlencode()
        response = super().changelist_view(
            request,
            {
                "may_export": self.has_export_permission(request),
                "may_see_support": request.user.has_perm(SEE_SUPPORT),
                "query": f"?{query}" if query else "",
                **(extra_context or {}),
            },
        )
        shown = getattr(response, "context_data", None) or {}
        if "cl" in shown:
            self.log_access(request, access.What.LIST, number=len(shown["cl"].result_list))
        return response

    def _plain_address(self, request: HttpRequest) -> HttpResponseRedirect | None:
        """Return where to go instead of an address with something strange in it."""
        kept, said = filters.understood(request)
        ticked = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if not all(filters.is_key(key) for key in ticked):
            said = said or _now("The list was not understood. Please choose the people again.")
        if not said:
            return None
        messages.warning(request, said)
        query = kept.urlencode()
        return HttpResponseRedirect(f"{request.path}?{query}" if query else request.path)

    # Somebody from paper or the phone

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Let an organiser enter a person of whom she may know no more than the name."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = EnterForm(
            request.POST if request.method == "POST" else None,
            event=asked_for(request),
            language=get_language() or "en",
        )
        if form.is_valid():
            try:
                registration = rules.enter(
                    **form.told(), by=request.user, now=clock.now(), at=timezone.now()
                )
            except rules.Refused as refusal:
                form.refuse(refusal)
            else:
                messages.success(request, entered(registration))
                return self._back(registration)
        return self.shown(request, "enter.html", _("Enter a person"), form=form)

    # One person's page

    def render_change_form(  # noqa: PLR0917 - as Django calls it
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Registration | None = None,
    ) -> Any:
        assert obj is not None
        sees_support = request.user.has_perm(SEE_SUPPORT)
        self.log_access(request, access.What.PERSON, registration=obj)
        if sees_support:
            self.log_access(request, access.What.SUPPORT, registration=obj)
        context |= {
            # Who has a person's code may change what it opens: only with this it is shown.
            "may_change": self.has_change_permission(request, obj),
            "show_save_and_add_another": False,
            "wishes": [wish_of(row) for row in obj.seat_requests.all()],
            "in_force": obj.in_force,
            "answers": answers_of(obj),
            "lines": told(obj, sees_support=sees_support),
            "mails": mails_to(obj) if request.user.has_perm("outbox.view_outboxmail") else None,
        }
        response = super().render_change_form(request, context, add, change, form_url, obj)
        # Now, while every time on the page is told in the event's own zone.
        with timezone.override(obj.event.tzinfo):
            return cast("TemplateResponse", response).render()

    def save_model(self, request: HttpRequest, obj: Registration, form: Any, change: bool) -> None:
        rules.correct(obj, by=request.user, now=clock.now(), at=timezone.now())

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Lead to the person's page, which tells it."""
        return HttpResponseRedirect(
            reverse("admin:registration_registration_change", args=[object_id]) + "#history"
        )

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        """Leave no line in Django's own log: it would keep her name after she is erased."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Leave no line in Django's own log."""

    # Erasing

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[Any, int], set[str], list[Any]]:
        """Name the people who would go, but not the support they asked for or their voices."""
        _all, _counts, perms_needed, protected = super().get_deleted_objects(objs, request)
        people = [str(registration) for registration in objs]
        self.log_access(request, access.What.LIST, number=len(people))
        return people, {self.opts.verbose_name_plural: len(people)}, perms_needed, protected

    def render_delete_form(self, request: HttpRequest, context: dict[str, Any]) -> Any:
        """Say whom it is about, and that nobody is told."""
        registration = context["object"]
        about = about_erasing([registration], in_the_way=context["protected"])
        context |= {"registration": registration, **about}
        return super().render_delete_form(request, context)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        messages.success(request, erased(1))
        return HttpResponseRedirect(reverse("admin:registration_registration_changelist"))

    @admin.action(description=_("Erase"), permissions=["delete"])
    def delete_selected(
        self, request: HttpRequest, queryset: RegistrationQuerySet
    ) -> TemplateResponse | None:
        """Ask first, naming people; what is sent then holds each of them, whoever registers."""
        people = list(deciding.in_order(queryset)[: MOST_ERASED + 1])
        if len(people) > MOST_ERASED:
            text = _now("Please erase no more than %(most)d people at a time.")
            messages.warning(request, text % {"most": MOST_ERASED})
            return None
        _names, _counts, lacking, in_the_way = self.get_deleted_objects(people, request)
        if "post" in request.POST and not in_the_way:
            if lacking:
                raise PermissionDenied
            for registration in people:
                self._erase(request, registration)
            if people:
                messages.success(request, erased(len(people)))
            return None
        context = {
            **about_erasing(people, in_the_way=in_the_way),
            "perms_lacking": lacking,
            "protected": in_the_way,
            "ticked": [registration.pk for registration in people],
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return self.shown(request, "delete_selected_confirmation.html", **context)

    def delete_model(self, request: HttpRequest, obj: Registration) -> None:
        self._erase(request, obj)

    def _erase(self, request: HttpRequest, registration: Registration) -> None:
        """Erase her also where Django's log of earlier years names her."""
        kind = ContentType.objects.get_for_model(Registration)
        LogEntry.objects.filter(content_type=kind, object_id=str(registration.pk)).delete()
        rules.erase(registration, by=request.user, now=clock.now(), at=timezone.now())

    # What is done to one or to many

    @admin.action(description=_("Send the link again"), permissions=["change"])
    def send_link_again(
        self, request: HttpRequest, queryset: RegistrationQuerySet
    ) -> TemplateResponse | None:
        missed: list[str] = []

        def act(registration: Registration, form: forms.Form) -> bool:
            sent = rules.send_links_to([registration], by=request.user, at=timezone.now())
            if not sent:
                missed.append(registration.name)
            return bool(sent)

        def tell(tally: deciding.Tally) -> None:
            text = ngettext("%(sent)d mail is on its way.", "%(sent)d mails are on their way.",
                            tally.done)  # fmt: skip
            messages.success(request, text % {"sent": tally.done})
            if missed:
                messages.warning(request, deciding.no_link(missed))

        return self._asked_first(
            request, queryset, action="send_link_again", title=SEND_LINK, act=act, tell=tell,
            asks_one=False,
        )  # fmt: skip

    @admin.action(description=_("Confirm the seat"), permissions=["change"])
    def confirm(
        self, request: HttpRequest, queryset: RegistrationQuerySet
    ) -> TemplateResponse | None:
        def act(registration: Registration, form: forms.Form) -> bool:
            return confirm(request, registration)

        return self._asked_first(
            request, queryset, action="confirm", title=CONFIRM, act=act,
            tell=partial(deciding.tell, request, did=deciding.CONFIRMED),
            said=deciding.FIRST_COME, asks_one=False,
        )  # fmt: skip

    @admin.action(description=_("Decline"), permissions=["change"])
    def decline(
        self, request: HttpRequest, queryset: RegistrationQuerySet
    ) -> TemplateResponse | None:
        def act(registration: Registration, form: forms.Form) -> bool:
            reason = form.cleaned_data["reason"]
            return rules.decline(
                registration, reason=reason, by=request.user, now=clock.now(), at=timezone.now()
            )

        return self._asked_first(
            request, queryset, action="decline", title=DECLINE, act=act,
            tell=partial(deciding.tell, request, did=deciding.DECLINED),
            said=deciding.STAYS_DECLINED, form_class=ReasonForm,
        )  # fmt: skip

    @admin.action(description=_("Give up the seat for them"), permissions=["change"])
    def give_up_seat(
        self, request: HttpRequest, queryset: RegistrationQuerySet
    ) -> TemplateResponse | None:
        def act(registration: Registration, form: forms.Form) -> bool:
            return rules.cancel(registration, by=request.user, now=clock.now(), at=timezone.now())

        return self._asked_first(
            request, queryset, action="give_up_seat", title=GIVE_UP, act=act,
            tell=partial(deciding.tell, request, did=deciding.GIVEN_UP),
            said=deciding.TAKEN_AGAIN,
        )  # fmt: skip

    def _asked_first(
        self,
        request: HttpRequest,
        queryset: RegistrationQuerySet,
        *,
        action: str,
        title: Promise,
        act: Callable[[Registration, forms.Form], bool],
        tell: Callable[[deciding.Tally], None],
        said: Promise | str = "",
        form_class: type[forms.Form] = forms.Form,
        asks_one: bool = True,
    ) -> TemplateResponse | None:
        """Ask whether it is meant for these people, and with what reason; then do it to each.

        What costs nobody anything (not ``asks_one``) is done to one person at once.
        """
        number = queryset.count()
        sent = "post" in request.POST or (number == 1 and not asks_one)
        form = form_class(request.POST if sent else None)
        if sent and form.is_valid():
            tell(deciding.for_each(queryset, lambda row: act(row, form)))
            return None
        people = list(deciding.in_order(queryset)[: deciding.MOST_NAMED])
        self.log_access(request, access.What.LIST, number=len(people))
        context = {
            "form": form,
            "said": said,
            "number": number,
            "people": people,
            "more": number - len(people),
            "action": action,
            "select_across": request.POST.get("select_across", "0"),
            "ticked": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return self.shown(request, "ask.html", title % {"number": number}, **context)

    # Pages of their own

    def get_urls(self) -> list[URLPattern]:
        return [
            self.page("export/", self.export_view, "export"),
            self.page("support/", self.support_view, "support"),
            *super().get_urls(),
        ]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Let an organiser choose columns for what the list shows, and answer with the file."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        elsewhere = self._plain_address(request)
        if elsewhere:
            return elsewhere
        # The list reads its filters from the address, and takes nothing else there.
        request.GET = self.filters_of(request)  # type: ignore[assignment]
        try:
            changelist = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            messages.warning(request, _("Part of the address was not understood."))
            return HttpResponseRedirect(request.path)
        event = self.event_of(request)
        form = ExportForm(
            request.POST if request.method == "POST" else None,
            user=request.user,
            questions=exports.questions_of(event),
        )
        number = changelist.result_count
        if form.is_valid():
            return exported(
                request,
                changelist.queryset,
                form,
                event=event,
                number=number,
                filters=filters.described(request.GET),
            )
        query = request.GET.urlencode()
        context = {
            "form": form,
            "number": number,
            "event": event,
            "query": f"?{query}" if query else "",
        }
        return self.shown(request, "export.html", _("Export"), **context)

    def support_view(self, request: HttpRequest) -> HttpResponse:
        """Show what support people asked for at an event, to be printed."""
        if not request.user.has_perm(SEE_SUPPORT):
            raise PermissionDenied
        events = Event.objects.order_by("-starts_at", "pk")
        key = request.GET.get("event", "")
        event = events.filter(pk=key).first() if filters.is_key(key) else None
        if event is None and not key:
            event = events.first()
        kinds = needs_by_kind(event) if event else []
        along = attendants_at(event) if event else []
        people = {need.registration_id for kind in kinds for need in kind.needs}
        people |= {one.registration_id for one in along}
        if event:
            self.log_access(request, access.What.SUPPORT, event=event, number=len(people))
        context: dict[str, Any] = {"event": event, "events": list(events), "kinds": kinds}
        context |= {"along": along, "people": len(people)}
        return self.shown(request, "support.html", _("Support people asked for"), **context)


def told_at(registration: Registration, moment: datetime) -> str:
    """Return a moment in the own time of the person's event."""
    return f"{moment.astimezone(registration.event.tzinfo):{WRITTEN}}"


def about_erasing(people: list[Registration], *, in_the_way: list[Any]) -> dict[str, Any]:
    """Return what the page before erasing says of these people."""
    number = len(people)
    asked = ngettext("Erase this person?", "Erase these people?", number)
    blocked = ngettext(
        "This person can't be erased yet", "These people can't be erased yet", number
    )
    return {
        "title": blocked if in_the_way else asked,
        "people": people[: deciding.MOST_NAMED],
        "number": number,
        "more": max(0, number - deciding.MOST_NAMED),
        "seated": sum(
            any(seat.status == SeatRequest.Status.CONFIRMED for seat in row.seat_requests.all())
            for row in people
        ),
    }


def erased(number: int) -> str:
    """Say how many people were erased."""
    text = ngettext(
        "Erased: %(number)d person. No mail was sent.",
        "Erased: %(number)d people. No mail was sent.",
        number,
    )
    return text % {"number": number}
