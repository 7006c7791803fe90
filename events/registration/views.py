"""Registering, and the personal pages. None of them needs a cookie or an account."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial, wraps
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_cache_control
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from events import calendar, clock
from events.models import Event
from events.publishing import entry
from events.registration import guards, rules
from events.registration.forms import (
    ChangeForm,
    CodeForm,
    CompanionForm,
    DetailsForm,
    InvitedForm,
    LostLinkForm,
    RegistrationForm,
    ReturnForm,
    SeveralForm,
    sentence,
)
from events.registration.links import (
    LinkRefused,
    Power,
    code_url,
    invitation_for,
    invitation_token,
    registration_for,
    registration_of_code,
    token_for,
)
from events.registration.models import (
    AddressCheck,
    AttendanceMode,
    Invitation,
    Registration,
    SeatRequest,
)
from events.registration.queries import availability_of, place_in_line, with_registration
from events.registration.seats import Availability
from events.rules import join_link, phase

View = Callable[..., HttpResponse]


class SeeOther(HttpResponseRedirect):
    """The answer to a post that was done: look at this page now (RFC 9110, 15.4.4)."""

    status_code = 303


# The question that a refusal is about; others stand above the form.
ASKED_AGAIN = {"full": "mode", "kept_for_her_group": "group"}

# What a manage page may be told in its address, so that no cookie has to carry it.
NOTICES = (
    "changed",
    "cancelled",
    "returned",
    "added",
    "added_several",
    "meanwhile",
    "off_the_list",
    "address_confirmed",
)


def personal(power: Power, *, proves_address: bool = True) -> Callable[[View], View]:
    """Open the view to the holder of a token of this power, with its registration or invitation.

    The page is kept nowhere, found by no search engine, and hands its address
    to no other site. A post must come from our own page. Who posts by a link
    that went to her address alone has it confirmed by that (``proves_address``);
    opening the page does not, since mail scanners open links.
    """

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, token: str) -> HttpResponse:
            if request.method == "POST" and not guards.comes_from_our_page(
                request, secret_address=True
            ):
                raise PermissionDenied
            try:
                found = (
                    invitation_for(token)
                    if power == Power.INVITATION
                    else registration_for(token, power)
                )
            except LinkRefused as error:
                raise Http404 from error
            if (
                isinstance(found, Registration)
                and request.method == "POST"
                and proves_address
                and rules.confirm_address(found, now=clock.now(), at=timezone.now())
            ):
                found = registration_for(token, power)
            response = unkept(view(request, found))
            response["Referrer-Policy"] = "no-referrer"
            return response

        return guarded

    return decorate


def unkept(response: HttpResponse) -> HttpResponse:
    """Return the answer so that it is kept nowhere and found by no search engine."""
    patch_cache_control(response, no_store=True, private=True)
    response["X-Robots-Tag"] = "noindex"
    return response


def open_event(slug: str) -> Event:
    """Return the published event of this address with its registration facts."""
    events = with_registration(Event.objects.published().with_place())
    events = events.select_related("registration_settings")
    return get_object_or_404(events, slug=slug)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest, slug: str) -> HttpResponse:
    """The public form. Its token and the browser's Origin stand in for a cookie."""
    event = open_event(slug)
    availability = availability_of(event, now=clock.now())
    form = RegistrationForm(posted(request), event=event, availability=availability)
    template = "events/registration/register.html"
    if request.method != "POST":
        return form_page(request, template, form)

    def write() -> None:
        rules.register(
            event,
            form.details(),
            email=form.cleaned_data["email"],
            language=get_language() or "en",
            submission=form.submission,
            now=clock.now(),
            at=timezone.now(),
        )

    answer = answer_form(request, template, form, write)
    return answer or SeeOther(reverse("registration:done", args=[slug]))


@require_safe
def done(request: HttpRequest, slug: str) -> HttpResponse:
    """What happens next; the same whoever registered, for the first time or again."""
    return event_page(request, open_event(slug), "events/registration/done.html")


@require_safe
def how_seats_are_given(request: HttpRequest, slug: str) -> HttpResponse:
    """The policy in words, and which seats are kept for whom at this event."""
    event = open_event(slug)
    kept = event.kept_seats.filter(until__gt=clock.now()).select_related("group")
    return event_page(request, event, "events/registration/seats.html", kept=kept)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def lost_link(request: HttpRequest, slug: str) -> HttpResponse:
    """Send the personal links of an address. The answer does not tell whether it is known."""
    event = open_event(slug)
    form = LostLinkForm(posted(request))
    status = 200
    if request.method == "POST" and form.is_valid():
        if not guards.comes_from_our_page(request):
            form.add_error(None, foreign_page())
            status = 403
        elif refuse_flood(request, form):
            status = 429
        else:
            rules.send_links(event, email=form.cleaned_data["email"], at=timezone.now())
            return SeeOther(request.path + "?sent=1")
    sent = request.GET.get("sent") == "1"
    return event_page(
        request, event, "events/registration/lost_link.html", status=status, form=form, sent=sent
    )


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest, slug: str) -> HttpResponse:
    """Lead somebody with a short code to her page. Whoever guesses is stopped long before."""
    event = open_event(slug)
    form = CodeForm(posted(request))
    status = 200
    if request.method == "POST":
        if not guards.comes_from_our_page(request):
            form.add_error(None, foreign_page())
            status = 403
        elif refuse_flood(request, form, scope="code", limit=settings.CODES_PER_HOUR):
            status = 429
        elif form.is_valid():
            try:
                found = registration_of_code(event, form.cleaned_data["code"])
            except LinkRefused:
                form.add_error("code", form.fields["code"].error_messages["max_length"])
            else:
                return unkept(SeeOther(manage_path(found)))
    template = "events/registration/code.html"
    return unkept(event_page(request, event, template, status=status, form=form))


@require_safe
@personal(Power.MANAGE)
def manage(request: HttpRequest, registration: Registration) -> HttpResponse:
    """The person's own page. Opening it changes nothing: mail scanners open links."""
    notice = request.GET.get("done")
    return manage_page(request, registration, notice=notice if notice in NOTICES else None)


@require_http_methods(["GET", "HEAD", "POST"])
@personal(Power.MANAGE)
def confirm_address(request: HttpRequest, registration: Registration) -> HttpResponse:
    """Confirm the address. The post itself has done it (``personal``)."""
    if request.method != "POST":
        return HttpResponseRedirect(manage_path(registration))
    return SeeOther(manage_path(registration, "address_confirmed"))


@require_http_methods(["GET", "HEAD", "POST"])
@personal(Power.MANAGE)
def change(request: HttpRequest, registration: Registration) -> HttpResponse:
    if registration.is_cancelled:
        return HttpResponseRedirect(manage_path(registration))
    availability = availability_of(registration.event, now=clock.now())
    form = ChangeForm(posted(request), registration=registration, availability=availability)
    template = "events/registration/change.html"
    context: dict[str, Any] = {
        "registration": registration,
        "manage_path": manage_path(registration),
        "availability": availability,
    }
    if request.method != "POST":
        return form_page(request, template, form, **context)

    def write() -> None:
        rules.change(registration, form.details(), now=clock.now(), at=timezone.now())

    answer = answer_form(request, template, form, write, secret_address=True, **context)
    return answer or SeeOther(manage_path(registration, "changed"))


@require_http_methods(["GET", "HEAD", "POST"])
@personal(Power.MANAGE, proves_address=False)
def cancel(request: HttpRequest, registration: Registration) -> HttpResponse:
    """Give up the seat. A mail's link shows the one button that does it, and changes nothing.

    It says nothing of the address: it is also what a stranger does whose address was used.
    """
    if request.method != "POST":
        if registration.is_cancelled:
            return HttpResponseRedirect(manage_path(registration))
        return event_page(
            request,
            registration.event,
            "events/registration/cancel.html",
            registration=registration,
            seat=registration.seat,
            token=token_for(registration, Power.MANAGE),
        )
    held = registration.seat is not None
    try:
        rules.give_up(registration, now=clock.now(), at=timezone.now())
    except rules.Refused as refusal:
        return manage_page(request, registration, refusal=sentence(refusal.reason), status=409)
    return SeeOther(manage_path(registration, "cancelled" if held else "off_the_list"))


@require_http_methods(["GET", "HEAD", "POST"])
@personal(Power.MANAGE)
def stop_waiting(request: HttpRequest, registration: Registration) -> HttpResponse:
    """Leave a waiting list."""
    act = partial(rules.stop_waiting, registration)
    return answer_button(request, registration, act, notice="off_the_list")


@require_http_methods(["GET", "HEAD", "POST"])
@personal(Power.MANAGE)
def meanwhile(request: HttpRequest, registration: Registration) -> HttpResponse:
    """Take a seat in another mode while waiting."""
    act = partial(rules.take_meanwhile, registration)
    return answer_button(request, registration, act, notice="meanwhile")


@require_http_methods(["GET", "HEAD", "POST"])
@personal(Power.MANAGE)
def come_back(request: HttpRequest, registration: Registration) -> HttpResponse:
    """Take a seat again. Who comes by the address bar, as after a refusal, sees her page."""
    if request.method != "POST":
        return HttpResponseRedirect(manage_path(registration))
    availability = availability_of(registration.event, now=clock.now())
    form = ReturnForm(request.POST, availability=availability)
    status = 200
    if form.is_valid():
        mode = AttendanceMode(form.cleaned_data["mode"])
        try:
            rules.come_back(registration, mode=mode, now=clock.now(), at=timezone.now())
        except rules.Refused as refusal:
            refuse(form, refusal)
            status = 409
        else:
            return SeeOther(manage_path(registration, "returned"))
    return manage_page(request, registration, form=form, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@personal(Power.MANAGE)
def another(request: HttpRequest, registration: Registration) -> HttpResponse:
    """Register another person who uses the same address."""
    if registration.is_cancelled or not registration.email:
        return HttpResponseRedirect(manage_path(registration))
    availability = availability_of(registration.event, now=clock.now())
    form = CompanionForm(posted(request), event=registration.event, availability=availability)
    template = "events/registration/another.html"
    context: dict[str, Any] = {
        "registration": registration,
        "manage_path": manage_path(registration),
        "availability": availability,
    }
    if request.method != "POST":
        return form_page(request, template, form, **context)

    def write() -> None:
        rules.register_companion(
            registration,
            form.details(),
            submission=form.submission,
            now=clock.now(),
            at=timezone.now(),
        )

    answer = answer_form(request, template, form, write, secret_address=True, **context)
    return answer or SeeOther(manage_path(registration, "added"))


@require_http_methods(["GET", "HEAD", "POST"])
@personal(Power.MANAGE)
def several(request: HttpRequest, registration: Registration) -> HttpResponse:
    """Register several people who use the same address, in one form."""
    if registration.is_cancelled or not registration.email:
        return HttpResponseRedirect(manage_path(registration))
    availability = availability_of(registration.event, now=clock.now())
    form = SeveralForm(posted(request), contact=registration, availability=availability)
    template = "events/registration/several.html"
    context: dict[str, Any] = {
        "registration": registration,
        "manage_path": manage_path(registration),
        "availability": availability,
    }
    if request.method != "POST":
        return form_page(request, template, form, **context)

    def write() -> None:
        rules.register_several(
            registration,
            form.people(),
            submission=form.submission,
            now=clock.now(),
            at=timezone.now(),
        )

    answer = answer_form(request, template, form, write, secret_address=True, **context)
    return answer or SeeOther(manage_path(registration, "added_several"))


@require_http_methods(["GET", "HEAD", "POST"])
@personal(Power.INVITATION)
def invitation(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """What somebody is invited to. Seeing it is noted and changes nothing; a post says no."""
    if request.method == "POST":
        try:
            rules.say_no(invitation, now=clock.now(), at=timezone.now())
        except rules.Refused as refusal:
            invitation.refresh_from_db()
            return invitation_page(
                request, invitation, refusal=sentence(refusal.reason), status=409
            )
        return SeeOther(request.path)
    # A browser that fetches ahead has shown nobody anything yet.
    if request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", ""):
        rules.note_opened(invitation, at=timezone.now())
    return invitation_page(request, invitation)


@require_http_methods(["GET", "HEAD", "POST"])
@personal(Power.INVITATION)
def accept(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    """The form of somebody invited, with what is known of her filled in."""
    now = clock.now()
    availability = availability_of(invitation.event, now=now)
    opens = availability.is_open_to_invited(opens=invitation.opens_registration)
    back = reverse("registration:invitation", args=[invitation_token(invitation)])
    if request.method != "POST" and not (opens and invitation.can_be_used(now)):
        return HttpResponseRedirect(back)
    form = InvitedForm(
        posted(request), invitation=invitation, holds=invitation.holds_at(now),
        availability=availability,
    )  # fmt: skip
    template = "events/registration/register.html"
    context: dict[str, Any] = {
        "invitation": invitation, "back": back, "availability": availability,
    }  # fmt: skip
    if request.method != "POST":
        return form_page(request, template, form, **context)

    def write() -> None:
        rules.register(
            invitation.event,
            form.details(),
            email=form.cleaned_data["email"],
            language=get_language() or "en",
            submission=form.submission,
            now=clock.now(),
            at=timezone.now(),
            invitation=invitation,
        )

    answer = answer_form(request, template, form, write, secret_address=True, **context)
    return answer or SeeOther(reverse("registration:done", args=[invitation.event.slug]))


@require_safe
@personal(Power.CALENDAR)
def personal_ics(request: HttpRequest, registration: Registration) -> HttpResponse:
    """The person's own calendar entry, which follows every later change."""
    event = registration.event
    seated = registration.seat is not None and not registration.must_confirm_first
    with translation.override(registration.language):
        content = calendar.personal_invitation(
            event,
            **entry(event),
            sequence_offset=registration.calendar_revision,
            changed_at=registration.changed_at,
            cancelled=not seated,
            join_url=join_link(event, now=clock.now(), has_seat=seated),
        )
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8; method=PUBLISH")
    response["Content-Disposition"] = f'attachment; filename="{event.slug}.ics"'
    return response


def answer_form(
    request: HttpRequest,
    template: str,
    form: DetailsForm,
    write: Callable[[], None],
    *,
    secret_address: bool = False,
    **context: object,
) -> HttpResponse | None:
    """Write what a posted form says, or return the form with all that was typed.

    Returns None where it was written. The form comes back with 200 for a
    person's own slips, 403 from a foreign page, 409 where no seat can be had,
    429 over the limit.
    """
    status = 200
    # Before the count: else another website could use up its visitors' limit.
    if not guards.comes_from_our_page(request, secret_address=secret_address):
        form.add_error(None, foreign_page())
        status = 403
    elif refuse_flood(request, form):
        status = 429
    elif form.is_valid():
        try:
            write()
        except rules.Refused as refusal:
            refuse(form, refusal)
            status = 409
        else:
            return None
    form.shown_again()
    return form_page(request, template, form, status=status, **context)


def answer_button(
    request: HttpRequest,
    registration: Registration,
    act: Callable[..., object],
    *,
    notice: str,
) -> HttpResponse:
    """Do what a button of the person's page says about one mode, and show the page again."""
    mode = request.POST.get("mode")
    if request.method != "POST" or mode not in AttendanceMode.values:
        return HttpResponseRedirect(manage_path(registration))
    try:
        act(mode=AttendanceMode(mode), now=clock.now(), at=timezone.now())
    except rules.Refused as refusal:
        return manage_page(request, registration, refusal=sentence(refusal.reason), status=409)
    return SeeOther(manage_path(registration, notice))


def posted(request: HttpRequest) -> QueryDict | None:
    """Return what a form was filled in with: nothing at all is an answer too."""
    return request.POST if request.method == "POST" else None


def refuse(form: Form, refusal: rules.Refused) -> None:
    """Say why no seat can be had: at the question it is about, or above the form."""
    field = ASKED_AGAIN.get(str(refusal.reason))
    form.add_error(field, sentence(refusal.reason))


def refuse_flood(
    request: HttpRequest, form: Form, *, scope: str = "registration", limit: int | None = None
) -> bool:
    """Whether this address has sent more forms in this hour than a full hall would."""
    limit = settings.REGISTRATION_POSTS_PER_HOUR if limit is None else limit
    if not guards.over_the_limit(request, scope=scope, limit=limit):
        return False
    form.add_error(
        None,
        _("Many forms came from your connection. Please wait an hour, or write to us."),
    )
    return True


def foreign_page() -> str:
    return _("This form came from another website. Please check it and press the button again.")


def form_page(
    request: HttpRequest, template: str, form: DetailsForm, status: int = 200, **context: object
) -> TemplateResponse:
    """Return a page with the form. It holds a token of its own, so nobody keeps it."""
    return event_page(request, form.event, template, status=status, form=form, **context)


def event_page(
    request: HttpRequest, event: Event, template: str, status: int = 200, **context: object
) -> TemplateResponse:
    now = clock.now()
    values = {
        "event": event,
        "now": now,
        "phase": phase(event, now=now),
        "notice_version": rules.NOTICE_VERSION,
        **context,
    }
    if "availability" not in values:
        values["availability"] = availability_of(event, now=now)
    response = TemplateResponse(request, template, values, status=status)
    patch_cache_control(response, private=True, no_cache=True)
    return response


@dataclass(frozen=True)
class Wish:
    """A seat somebody waits for: her place (0 for none yet), and how many were served before."""

    request: SeatRequest
    place: int
    served_before: int


def wish_of(request: SeatRequest) -> Wish:
    """Return how the line before this wish stands. Two queries."""
    place = place_in_line(request)
    passed = SeatRequest.objects.ahead_of_turn(request).count() if place else 0
    return Wish(request, place, passed)


def meanwhile_for(registration: Registration, availability: Availability) -> list[AttendanceMode]:
    """Return the modes in which somebody who waits can have a seat at once by herself."""
    if not availability.is_open or availability.approval:
        return []
    status = SeatRequest.Status.DECLINED
    declined = {row.mode for row in registration.seat_requests.all() if row.status == status}
    return [mode for mode in availability.free if mode not in declined]


def invitation_page(
    request: HttpRequest, invitation: Invitation, *, refusal: str = "", status: int = 200
) -> TemplateResponse:
    """Return the page that says what she is invited to, or what became of it."""
    event, now = invitation.event, clock.now()
    availability = availability_of(event, now=now)
    opens = availability.is_open_to_invited(opens=invitation.opens_registration)
    return event_page(
        request,
        event,
        "events/registration/invitation.html",
        status=status,
        invitation=invitation,
        state=invitation.state(now),
        holds=invitation.holds_at(now),
        usable=invitation.can_be_used(now),
        opens=opens,
        availability=availability,
        refusal=refusal,
        token=invitation_token(invitation),
    )


def asks_address(registration: Registration, *, now: datetime) -> bool:
    """Whether her page has the button that confirms her address: once it matters to her seat."""
    if not registration.email or registration.address_confirmed_at or not registration.seat:
        return False
    settings = getattr(registration.event, "registration_settings", None)
    if settings is None or settings.address_check == AddressCheck.NEVER:
        return False
    asked = registration.address_asked_at is not None
    ahead = now < registration.event.starts_at
    return ahead and (asked or registration.must_confirm_first)


def manage_path(registration: Registration, notice: str = "") -> str:
    """Return the path of the person's page, with what has just been done."""
    path = reverse("registration:manage", args=[token_for(registration, Power.MANAGE)])
    return f"{path}?done={notice}" if notice else path


def manage_page(
    request: HttpRequest,
    registration: Registration,
    *,
    notice: str | None = None,
    refusal: str = "",
    form: ReturnForm | None = None,
    status: int = 200,
) -> TemplateResponse:
    event = registration.event
    now = clock.now()
    availability = availability_of(event, now=now)
    seat = registration.seat
    wishes = [wish_of(wish) for wish in registration.wishes]
    waits = any(wish.place for wish in wishes)
    return event_page(
        request,
        event,
        "events/registration/manage.html",
        status=status,
        registration=registration,
        seat=seat,
        wishes=wishes,
        meanwhile=meanwhile_for(registration, availability) if waits and not seat else (),
        availability=availability,
        notice=notice,
        refusal=refusal,
        must_confirm=seat is not None and registration.must_confirm_first,
        asks_address=asks_address(registration, now=now),
        join_link=join_link(
            event, now=now, has_seat=seat is not None and not registration.must_confirm_first
        ),
        return_form=form or ReturnForm(availability=availability),
        token=token_for(registration, Power.MANAGE),
        calendar_token=token_for(registration, Power.CALENDAR),
        code_url=code_url(event),
        companions=registration.companions.prefetch_related("seat_requests"),
    )
