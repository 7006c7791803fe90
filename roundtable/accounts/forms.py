"""Forms of accounts, in plainer words than allauth's."""

from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.utils.translation import gettext_lazy as _


class AddPasskeyForm(AddWebAuthnForm):
    """A passkey that opens the door by itself, unless one wants it as a second step only."""

    name = forms.CharField(
        label=_("What to call it"),
        required=False,
        max_length=100,
        help_text=_("Such as “My phone”, to tell it from others."),
    )
    passwordless = forms.BooleanField(
        label=_("Sign in with it alone, without a code by mail"),
        required=False,
        initial=True,
        help_text=_("Your device then asks for your fingerprint, your face or its PIN."),
    )
