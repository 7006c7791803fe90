"""A person's own page, and the few of allauth's pages that do something else here."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.utils import get_next_redirect_url
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.views import GenerateRecoveryCodesView
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.generic.edit import FormView

from events import clock
from roundtable.accounts import factors
from roundtable.accounts.adapters import SecretUnreadable
from roundtable.accounts.registrations import Held, registrations_of

View = Callable[..., HttpResponse]


def _who(request: HttpRequest) -> User:
    """Return who is signed in, on a page for those who are."""
    assert isinstance(request.user, User)
    return request.user


@require_safe
@login_required
def account(request: HttpRequest) -> TemplateResponse:
    """What she is registered for, coming and past, each with the link to her own page."""
    now = clock.now()
    found = [Held(registration) for registration in registrations_of(_who(request))]
    return TemplateResponse(
        request,
        "account/account.html",
        {
            "coming": [row for row in found if row.registration.event.ends_at > now],
            "past": [row for row in reversed(found) if row.registration.event.ends_at <= now],
        },
    )


@require_POST
@login_required
def sign_out_elsewhere(request: HttpRequest) -> HttpResponse:
    """End every other session of the account, such as one on a phone that was lost."""
    user = _who(request)
    factors.end_sessions(user)
    update_session_auth_hash(request, user)
    messages.success(request, _("You are signed out everywhere else."))
    return redirect("account")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def sign_in_again(request: HttpRequest) -> HttpResponse:
    """Ask for a fresh sign-in before something that a session left open must not do."""
    onward = get_next_redirect_url(request) or reverse("account")
    if request.method == "POST":
        logout(request)
        return HttpResponseRedirect(
            f"{reverse('account_login')}?{urlencode({REDIRECT_FIELD_NAME: onward})}"
        )
    return render(request, "account/sign_in_again.html", {"onward": onward})


def recent_sign_in_required(view: View) -> View:
    """Let somebody without a second factor in only when she signed in lately.

    allauth asks nothing of an account that has neither password nor factor, so
    a session left open could give itself one and keep the account for good.
    Whoever has a factor is asked for it, by allauth. A form opened in time may
    be sent in twice the time.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        within = settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
        if request.method == "POST":
            within *= 2
        if (
            request.user.is_authenticated
            and not factors.signed_in_recently(request, within=within)
            and not factors.has_second_factor(request.user)
        ):
            onward = urlencode({REDIRECT_FIELD_NAME: request.get_full_path()})
            return HttpResponseRedirect(f"{reverse('account_reauthenticate')}?{onward}")
        return view(request, *args, **kwargs)

    return guarded


class ActivateApp(ActivateTOTPView):
    """Set up the authenticator app; its code was shown in doing so, and is not asked again."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Set it up, and note that it was shown."""
        response: HttpResponse = super().form_valid(form)
        factors.note_new_factor(self.request, Authenticator.Type.TOTP)
        return response


class AddPasskey(AddWebAuthnView):
    """Add a passkey; it was used in doing so, and is not asked for again."""

    def form_valid(self, form: Any) -> HttpResponse:
        """Set it up, and note that it was shown."""
        response: HttpResponse = super().form_valid(form)
        factors.note_new_factor(self.request, Authenticator.Type.WEBAUTHN)
        return response


class GenerateRecoveryCodes(GenerateRecoveryCodesView):
    """Make new recovery codes, also in place of some that can't be read any more."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Count the codes that are left; those that can't be read count for none."""
        try:
            context: dict[str, Any] = super().get_context_data(**kwargs)
        except SecretUnreadable:
            context = {**FormView.get_context_data(self, **kwargs), "unused_code_count": 0}
        return context


def no_passwords(request: HttpRequest) -> HttpResponse:
    """Nobody has a password here, so none can be set, changed or asked for."""
    raise Http404


def too_many_tries(request: HttpRequest) -> HttpResponse:
    """429, in the site's look: allauth's limits are per address, account and machine."""
    response = render(request, "account/too_many_tries.html", status=429)
    response["Retry-After"] = "60"
    return response
