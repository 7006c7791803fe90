"""The small pages about one person, and the access log that all pages here write."""

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from events import clock
from events.models import Event
from events.registration import access, rules
from events.registration.admin import deciding, filters
from events.registration.admin.deciding import AddressForm, ReasonForm
from events.registration.links import code_url
from events.registration.models import AttendanceMode, Registration


class PersonPages(admin.ModelAdmin):
    """Send the link, correct the address, confirm, decline, give up: each by the rules."""

    def get_urls(self) -> list[URLPattern]:
        return [
            self.page(
                "<path:object_id>/send-link/", require_POST(self.send_link_view), "send_link"
            ),
            self.page("<path:object_id>/confirm/", require_POST(self.confirm_view), "confirm"),
            self.page("<path:object_id>/decline/", self.decline_view, "decline"),
            self.page("<path:object_id>/give-up/", self.give_up_view, "give_up"),
            self.page("<path:object_id>/address/", self.address_view, "address"),
            self.page("<path:object_id>/slip/", require_safe(self.slip_view), "slip"),
            self.page(
                "<path:object_id>/address/confirmed/",
                require_POST(self.address_confirmed_view),
                "address_confirmed",
            ),
            *super().get_urls(),
        ]

    def page(self, address: str, view: Callable[..., Any], name: str) -> URLPattern:
        """Return the address of a page of the desk."""
        view = self.admin_site.admin_view(view)
        return path(address, view, name=f"registration_registration_{name}")

    def filters_of(self, request: HttpRequest) -> QueryDict:
        """Return what the list is narrowed down by, without page and order."""
        kept, _said = filters.understood(request)
        for name in ("p", "o", "all", "e"):
            kept.pop(name, None)
        return kept

    def log_access(self, request: HttpRequest, what: str, **seen: Any) -> None:
        """Note what is about to be shown. Where that fails, nothing is."""
        if "registration" not in seen:
            seen.setdefault("filters", filters.described(self.filters_of(request)))
            seen.setdefault("event", self.event_of(request))
        access.record(what, by=request.user, at=timezone.now(), **seen)

    def event_of(self, request: HttpRequest) -> Event | None:
        """Return the event that the list is narrowed down to."""
        key = request.GET.get("event__id__exact", "")
        if not filters.is_key(key):
            return None
        return Event.objects.filter(pk=key).first()

    def send_link_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        registration = self._person(request, object_id)
        if rules.send_links_to([registration], by=request.user, at=timezone.now()):
            messages.success(request, _("The mail with the link is on its way."))
        else:
            messages.warning(request, deciding.no_link([registration.name]))
        return self._back(registration)

    def confirm_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        registration = self._person(request, object_id)
        act = partial(confirm, request, mode=mode_of(request))
        return self._do(request, registration, act, deciding.CONFIRMED)

    def decline_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        registration = self._person(request, object_id)
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            act = partial(
                rules.decline,
                mode=mode_of(request),
                reason=form.cleaned_data["reason"],
                by=request.user,
                now=clock.now(),
                at=timezone.now(),
            )
            return self._do(request, registration, act, deciding.DECLINED)
        title = _("Decline the seat")
        return self._person_page(request, registration, title, form, mode=mode_of(request))

    def give_up_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        registration = self._person(request, object_id)
        if request.method == "POST":
            act = partial(rules.cancel, by=request.user, now=clock.now(), at=timezone.now())
            return self._do(request, registration, act, deciding.GIVEN_UP)
        title = _("Give up the seat for them")
        return self._person_page(
            request, registration, title, forms.Form(), said=deciding.TAKEN_AGAIN, declines=True
        )

    def address_confirmed_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        registration = self._person(request, object_id)
        act = partial(rules.confirm_address, by=request.user, now=clock.now(), at=timezone.now())
        if act(registration):
            messages.success(request, _("The address is marked as confirmed."))
        return self._back(registration)

    def address_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        registration = self._person(request, object_id)
        form = AddressForm(
            request.POST if request.method == "POST" else None, registration=registration
        )
        if form.is_valid():
            try:
                rules.correct_address(
                    registration,
                    form.cleaned_data["email"],
                    by=request.user,
                    now=clock.now(),
                    at=timezone.now(),
                )
            except rules.Refused as refusal:
                form.add_error("email", deciding.sentence(refusal))
            else:
                messages.success(
                    request, _("The address is corrected. Earlier links no longer work.")
                )
                return self._back(registration)
        title = _("Correct the address")
        return self._person_page(request, registration, title, form)

    def slip_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show her code as it goes on paper, to be handed over."""
        registration = self._person(request, object_id)
        if not registration.code:
            raise Http404
        self.log_access(request, access.What.PERSON, registration=registration)
        event = registration.event
        context = {"registration": registration, "event": event, "where": code_url(event)}
        return self.shown(request, "slip.html", _("To hand over"), **context)

    def _person(self, request: HttpRequest, object_id: str) -> Registration:
        """Return the person for somebody who may change her."""
        registration = self.get_object(request, unquote(object_id))
        if registration is None:
            raise Http404
        if not self.has_change_permission(request, registration):
            raise PermissionDenied
        return cast("Registration", registration)

    def _do(
        self,
        request: HttpRequest,
        registration: Registration,
        act: Callable[[Registration], bool],
        did: Promise,
    ) -> HttpResponse:
        """Do something by the rules to one person, say what came of it, and show her page."""
        try:
            done = act(registration)
        except Registration.DoesNotExist as error:
            raise Http404 from error
        except rules.Refused as refusal:
            messages.error(request, deciding.sentence(refusal))
        else:
            tally = deciding.Tally()
            tally.add(registration, done=done)
            deciding.tell(request, tally, did)
        return self._back(registration)

    def _back(self, registration: Registration) -> HttpResponse:
        return HttpResponseRedirect(
            reverse("admin:registration_registration_change", args=[registration.pk])
        )

    def _person_page(
        self,
        request: HttpRequest,
        registration: Registration,
        title: Promise,
        form: forms.Form,
        **context: object,
    ) -> TemplateResponse:
        """Return a small page about one person, noting that it was seen."""
        self.log_access(request, access.What.PERSON, registration=registration)
        return self.shown(
            request, "person.html", title, registration=registration, form=form, **context
        )

    def shown(
        self, request: HttpRequest, template: str, title: Promise | str, **context: Any
    ) -> TemplateResponse:
        values = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "subtitle": None,
            **context,
        }
        return TemplateResponse(request, f"admin/registration/registration/{template}", values)


def confirm(request: HttpRequest, registration: Registration, mode: str | None = None) -> bool:
    """Confirm a seat by the rules, for whoever asks."""
    return rules.confirm(
        registration, mode=mode, by=request.user, now=clock.now(), at=timezone.now()
    )


def mode_of(request: HttpRequest) -> str | None:
    """Return which of her seats it is about; None is whichever she wants."""
    mode = request.POST.get("mode") or request.GET.get("mode")
    return mode if mode in AttendanceMode.values else None
