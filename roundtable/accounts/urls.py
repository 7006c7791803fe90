"""Addresses under /accounts/: our own first, then allauth's."""

from allauth.account.views import email
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from roundtable.accounts import views
from roundtable.accounts.views import recent_sign_in_required as recent

sign_in = RedirectView.as_view(pattern_name="account_login", query_string=True)

urlpatterns = [
    path("", views.account, name="account"),
    path("sign-out-elsewhere/", views.sign_out_elsewhere, name="account_sign_out_elsewhere"),
    path("reauthenticate/", views.sign_in_again, name="account_reauthenticate"),
    # The page to sign in asks for a code itself.
    path("login/code/", sign_in, name="account_request_login_code"),
    re_path(r"^password/", views.no_passwords),
    path("email/", recent(email), name="account_email"),
    path("2fa/totp/activate/", recent(views.ActivateApp.as_view()), name="mfa_activate_totp"),
    path("2fa/webauthn/add/", recent(views.AddPasskey.as_view()), name="mfa_add_webauthn"),
    path(
        "2fa/recovery-codes/generate/",
        views.GenerateRecoveryCodes.as_view(),
        name="mfa_generate_recovery_codes",
    ),
    path("", include("allauth.urls")),
]
