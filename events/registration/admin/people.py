"""The list of registrations, and one person's page."""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin import actions as admin_actions
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
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from events import clock
from events.models import Event
from events.registration import access, rules
from events.registration.admin import deciding, filters
from events.registration.admin.deciding import ReasonForm
from events.registration.admin.exporting import MAY_EXPORT, ExportForm, exported
from events.registration.admin.filters import SEE_SUPPORT
from events.registration.admin.pages import PersonPages, confirm, no_mail
from events.registration.admin.person import mails_to, told, wish_of
from events.registration.admin.support import needs_by_kind
from events.registration.models import (
    Consent,
    Registration,
    RegistrationQuerySet,
    SupportNeed,
)

# Erasing names each person first, so it takes no more than can be read.
MOST_ERASED = 500


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
    fields = ["purpose", "given", "notice_version", "language", "channel", "at"]


class SupportNeedInline(ReadOnlyInline):
    model = SupportNeed
    fields = ["kind", "note"]


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
    inlines = [SupportNeedInline, ConsentInline]
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
        return f"{registration.created_at.astimezone(registration.event.tzinfo):%d.%m.%Y %H:%M}"

    @admin.display(description=_("changed"))
    def changed(self, registration: Registration) -> str:
        return f"{registration.changed_at.astimezone(registration.event.tzinfo):%d.%m.%Y %H:%M}"

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Name who gets her mails only where that is somebody else."""
        (first, fields), *others = super().get_fieldsets(request, obj)
        if obj is not None and obj.contact_id is None:
            shown = [name for name in fields["fields"] if name != "contact"]
            return [(first, {**fields, "fields": shown}), *others]
        return [(first, fields), *others]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        shown = ["event", filters.SeatFilter, "group", filters.CountryFilter]
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

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People register by the form, where they are asked for their consent."""
        return False

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
            "zone": obj.event.zone,
            "may_change": self.has_change_permission(request, obj),
            "wishes": [wish_of(row) for row in obj.seat_requests.all()],
            "in_force": obj.in_force,
            "lines": told(obj, sees_support=sees_support),
            "mails": mails_to(obj) if request.user.has_perm("outbox.view_outboxmail") else None,
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

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

    @admin.action(description=_("Erase"), permissions=["delete"])
    def delete_selected(self, request: HttpRequest, queryset: Any) -> Any:
        """Ask first, naming each: so no more than can be read."""
        if queryset[: MOST_ERASED + 1].count() > MOST_ERASED:
            text = _now("Please erase no more than %(most)d people at a time.")
            messages.warning(request, text % {"most": MOST_ERASED})
            return None
        return admin_actions.delete_selected(self, request, queryset)

    def delete_model(self, request: HttpRequest, obj: Registration) -> None:
        self._erase(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Registration]) -> None:
        for registration in queryset:
            self._erase(request, registration)

    def _erase(self, request: HttpRequest, registration: Registration) -> None:
        """Erase her also where Django's log of earlier years names her."""
        kind = ContentType.objects.get_for_model(Registration)
        LogEntry.objects.filter(content_type=kind, object_id=str(registration.pk)).delete()
        rules.erase(registration, by=request.user, now=clock.now(), at=timezone.now())

    # What is done to one or to many

    @admin.action(description=_("Send the link again"), permissions=["change"])
    def send_link_again(self, request: HttpRequest, queryset: RegistrationQuerySet) -> None:
        tally = deciding.for_each(
            queryset,
            lambda registration: bool(
                rules.send_links_to([registration], by=request.user, at=timezone.now())
            ),
        )
        text = ngettext("%(sent)d mail is on its way.", "%(sent)d mails are on their way.",
                        tally.done)  # fmt: skip
        messages.success(request, text % {"sent": tally.done})
        if tally.already:
            messages.warning(request, no_mail(tally.already))

    @admin.action(description=_("Confirm the seat"), permissions=["change"])
    def confirm(self, request: HttpRequest, queryset: RegistrationQuerySet) -> None:
        deciding.tell(request, deciding.for_each(queryset, partial(confirm, request)))

    @admin.action(description=_("Decline"), permissions=["change"])
    def decline(
        self, request: HttpRequest, queryset: RegistrationQuerySet
    ) -> TemplateResponse | None:
        def act(registration: Registration, form: forms.Form) -> bool:
            reason = form.cleaned_data["reason"]
            return rules.decline(
                registration, reason=reason, by=request.user, now=clock.now(), at=timezone.now()
            )

        title = _("Decline these people?")
        return self._asked_first(
            request, queryset, action="decline", title=title, act=act, form_class=ReasonForm
        )

    @admin.action(description=_("Give up the seat for them"), permissions=["change"])
    def give_up_seat(
        self, request: HttpRequest, queryset: RegistrationQuerySet
    ) -> TemplateResponse | None:
        def act(registration: Registration, form: forms.Form) -> bool:
            return rules.cancel(registration, by=request.user, now=clock.now(), at=timezone.now())

        title = _("Give up the seats of these people?")
        return self._asked_first(request, queryset, action="give_up_seat", title=title, act=act)

    def _asked_first(
        self,
        request: HttpRequest,
        queryset: RegistrationQuerySet,
        *,
        action: str,
        title: Promise,
        act: Callable[[Registration, forms.Form], bool],
        form_class: type[forms.Form] = forms.Form,
    ) -> TemplateResponse | None:
        """Ask whether it is meant, and with what reason; then do it to each."""
        sent = "post" in request.POST
        form = form_class(request.POST if sent else None)
        if sent and form.is_valid():
            deciding.tell(request, deciding.for_each(queryset, lambda row: act(row, form)))
            return None
        context = {
            "form": form,
            "number": queryset.count(),
            "action": action,
            "select_across": request.POST.get("select_across", "0"),
            "ticked": request.POST.getlist(ACTION_CHECKBOX_NAME),
            "checkbox_name": ACTION_CHECKBOX_NAME,
        }
        return self.shown(request, "ask.html", title, **context)

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
        form = ExportForm(request.POST if request.method == "POST" else None, user=request.user)
        number = changelist.result_count
        if form.is_valid():
            return exported(
                request,
                changelist.queryset,
                form,
                event=self.event_of(request),
                number=number,
                filters=filters.described(request.GET),
            )
        query = request.GET.urlencode()
        context = {"form": form, "number": number, "query": f"?{query}" if query else ""}
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
        people = {need.registration_id for kind in kinds for need in kind.needs}
        if event:
            self.log_access(request, access.What.SUPPORT, event=event, number=len(people))
        context = {"event": event, "events": list(events), "kinds": kinds, "people": len(people)}
        return self.shown(request, "support.html", _("Support people asked for"), **context)
