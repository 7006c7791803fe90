"""Where allauth asks what it should do here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from roundtable.accounts import encryption, factors


class SecretUnreadable(ValidationError):
    """A second factor's secret can't be read, so the factor fails, with a sentence why."""

    # A page that only counts codes counts none.
    silent_variable_failure = True


class AccountAdapter(DefaultAccountAdapter):
    """Signing in and out."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "incorrect_code": gettext_lazy("This is not the code. Please look again, or ask for a new one."),
        "too_many_login_attempts": gettext_lazy("Too many tries. Please wait five minutes."),
        "rate_limited": gettext_lazy("Too many tries. Please wait a minute, then try again."),
    }

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Lead organisers to their desk, everybody else to her own page."""
        return reverse("admin:index" if request.user.is_staff else "account")

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return self.get_login_redirect_url(request)

    def post_login(self, request: HttpRequest, user: User, **details: Any) -> HttpResponse:
        """Note when it was, for what only a recent sign-in may do."""
        factors.note_sign_in(request)
        response: HttpResponse = super().post_login(request, user, **details)
        return response


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factors: their secrets, and what devices call us."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": gettext_lazy("This is not the code. Wait for the next one and try again."),
        "unverified_email": gettext_lazy(
            "One of your addresses is not confirmed yet. Confirm or remove it first."
        ),
    }

    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret. Raises SecretUnreadable, which a form shows as its error."""
        try:
            return encryption.decrypt(encrypted_text)
        except encryption.Unreadable as error:
            raise SecretUnreadable(
                _(
                    "This can't be checked any more, because the site's key has changed. "
                    "Use a passkey, or ask whoever runs the site to let you in again."
                )
            ) from error

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002
        """Name a new passkey, for whoever leaves the field as it is."""
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return _("Passkey") if number == 1 else _("Passkey %(number)d") % {"number": number}
