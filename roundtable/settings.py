"""Every setting of the site, read strictly from the environment (see ``env``)."""

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from roundtable import env

BASE_DIR = Path(__file__).resolve().parent.parent

# Where the site lives. Without SITE_URL this is a local install: a laptop, a
# demonstration, a test.
SITE_URL = env.origin("SITE_URL")
LOCAL_INSTALL = not SITE_URL
PORT = env.integer("PORT", 8000, least=1, most=65535)
# A real install answers its proxy on every interface unless told otherwise.
EVERYWHERE = "0.0.0.0"  # noqa: S104
HOST = env.host("HOST", "127.0.0.1" if LOCAL_INSTALL else EVERYWHERE, loopback_only=LOCAL_INSTALL)
# The origin that calendar files, mails and canonical links name.
ORIGIN = SITE_URL or f"http://localhost:{PORT}"
ROUNDTABLE_DATA = env.folder("ROUNDTABLE_DATA", BASE_DIR / "var")

DEBUG = env.boolean("DEBUG", False)
SECRET_KEY = env.secret_key("SECRET_KEY", ROUNDTABLE_DATA)
# Earlier keys: what was signed or encrypted with them is still read.
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS", [])
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS",
    [urlsplit(SITE_URL).hostname or ""] if SITE_URL else ["localhost", "127.0.0.1", "[::1]"],
)
# How many reverse proxies stand in front: so many of the right-most entries of
# X-Forwarded-For are believed. 0 believes none.
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 0, least=0, most=5)
WEB_CONCURRENCY = env.integer("WEB_CONCURRENCY", 2, least=1, most=64)
# Whether the web server also starts the outbox worker and ends it with itself.
EMBED_WORKER = env.boolean("EMBED_WORKER", True)

# Who runs the site and answers for the data; shown on pages, mails and notices.
CONTACT_EMAIL = env.email("CONTACT_EMAIL")
CONTROLLER = env.text("CONTROLLER")

# Domain time (see events/clock.py). None is the real time.
ROUNDTABLE_CLOCK: datetime | None = env.instant("ROUNDTABLE_CLOCK")
if ROUNDTABLE_CLOCK is None and LOCAL_INSTALL and not env.text("ROUNDTABLE_CLOCK"):
    ROUNDTABLE_CLOCK = datetime(2020, 10, 12, 9, 0, tzinfo=ZoneInfo("Africa/Nairobi"))

INSTALLED_APPS = [
    "roundtable.apps.DeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_countries",
    "simple_history",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "roundtable.apps.RoundtableConfig",
    "speakers.apps.SpeakersConfig",
    "events.apps.EventsConfig",
    "events.registration.apps.RegistrationConfig",
    "events.registration.outbox.apps.OutboxConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "compression_middleware.middleware.CompressionMiddleware",
    "csp.middleware.CSPMiddleware",
    "roundtable.middleware.PermissionsPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "roundtable.middleware.PublicPageMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "roundtable.accounts.middleware.AccountsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

ROOT_URLCONF = "roundtable.urls"
WSGI_APPLICATION = "roundtable.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "roundtable.context.site",
            ],
        },
    },
]

# Database. SQLite's write-ahead log has a fault before 3.51.3 that can corrupt
# a file under load, so older ones keep a rollback journal. FULL: an accepted
# registration survives a power cut. IMMEDIATE: a transaction takes the write
# lock at its start, so it waits its turn instead of failing half-way.
database: dict[str, Any] = env.database("DATABASE_URL", ROUNDTABLE_DATA)
if database["ENGINE"].endswith("sqlite3"):
    journal = "WAL" if sqlite3.sqlite_version_info >= (3, 51, 3) else "TRUNCATE"
    database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 10,
        "init_command": (
            f"PRAGMA journal_mode={journal};PRAGMA synchronous=FULL;PRAGMA temp_store=MEMORY;"
        ),
    }
else:
    database["CONN_MAX_AGE"] = 0
    options = database.setdefault("OPTIONS", {})
    options["pool"] = {"min_size": 1, "max_size": 6, "timeout": 10}
    # PostgreSQL compiles a query whose cost it estimates as high. Ours take milliseconds, and
    # compiling the one that counts an event's seats took 1.8 seconds at 100,000 registrations.
    options["options"] = f"{options.get('options', '')} -c jit=off".strip()
DATABASES = {"default": database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES = {
    "default": env.cache("CACHE_URL"),
    # Whole public pages. Each process keeps its own: their keys hold every
    # fact they depend on, so nothing has to be told to forget (see pagecache).
    "pages": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "pages",
        "TIMEOUT": 24 * 3600,
        "OPTIONS": {"MAX_ENTRIES": 300},
    },
}

# Signing in (only this package names allauth): a code by mail or a passkey, no password.
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "account"
ACCOUNT_ADAPTER = "roundtable.accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
# In seconds. On a bad line a mail takes its time; three tries bound the guessing.
ACCOUNT_LOGIN_BY_CODE_TIMEOUT = ACCOUNT_EMAIL_VERIFICATION_BY_CODE_TIMEOUT = 15 * 60
ACCOUNT_SESSION_REMEMBER = True
# For so long, in seconds, a person who showed who she is isn't asked again
# before second factors and addresses are changed.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 10 * 60
ACCOUNT_EMAIL_NOTIFICATIONS = True
# allauth's own limits, and for each address at most so many mails in an hour:
# a form that is open to all must not become a way to flood somebody.
ACCOUNT_RATE_LIMITS = {
    "request_login_code": "20/m/ip,3/m/key,20/h/key",
    "confirm_email": "1/10s/key,20/h/key",
}
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = urlsplit(ORIGIN).scheme
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
MFA_ADAPTER = "roundtable.accounts.adapters.SecondFactorAdapter"
MFA_FORMS = {"add_webauthn": "roundtable.accounts.forms.AddPasskeyForm"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
# One step back as well: a cheap phone's clock is seldom right, and typing takes time.
MFA_TOTP_TOLERANCE = 1
# What the authenticator app calls this site.
MFA_TOTP_ISSUER = urlsplit(SITE_URL).hostname or "Roundtable"
# Browsers know passkeys on https only, and on http://localhost.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = LOCAL_INSTALL

# Mail. Everything goes through the outbox; its worker hands it to the server.
MAIL_SERVER = env.mail_server("EMAIL_URL")
EMAIL_BACKEND = "events.registration.outbox.backend.OutboxBackend"
DEFAULT_FROM_EMAIL = CONTACT_EMAIL or "roundtable@localhost"
SERVER_EMAIL = DEFAULT_FROM_EMAIL
OUTBOX_KEEP_DAYS = 30
# What the worker does twice a minute besides: seats kept until a time that has
# come go to whoever waits for them, addresses are asked for, what nobody came by goes.
OUTBOX_DUTIES = [
    "events.registration.turns.move_up",
    "events.registration.turns.forget_unanswered",
    "events.registration.turns.check_addresses",
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English"))]
USE_I18N = True
FORMAT_MODULE_PATH = ["roundtable.formats"]
LOCALE_PATHS = [BASE_DIR / "roundtable" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = ROUNDTABLE_DATA / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_URL = "/media/"
MEDIA_ROOT = ROUNDTABLE_DATA / "media"
# A clone that was never collected (`runserver`, the tests) serves straight from
# the sources.
if DEBUG or not (STATIC_ROOT / "staticfiles.json").exists():
    WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True
    STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"

# A form of ours is a few kilobytes. The bound leaves room to answer a far too
# long field with the form and a sentence at the field, everything else kept.
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
# An agenda of three hundred slots is one form.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4000
# Posts of the registration forms accepted from one address in an hour. A whole
# hall may share one address, so it stops floods and nobody else.
REGISTRATION_POSTS_PER_HOUR = 300
# Short codes that may be tried from one address in an hour: a code is one of 2 to the power of 40.
CODES_PER_HOUR = 60
# Mails that a form may cause to one address in an hour.
MAILS_PER_ADDRESS_PER_HOUR = 5

# Security. A strict policy: our own files, nothing inline, nobody else's.
SECURE_IS_HTTPS = ORIGIN.startswith("https://")
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if SECURE_IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_IS_HTTPS
# Only where a proxy tells how the reader came; else the redirect would never end.
SECURE_SSL_REDIRECT = SECURE_IS_HTTPS and TRUSTED_PROXIES > 0
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$"]
# Browsers' preload lists can't be left again soon: the operator's decision, not ours.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_IS_HTTPS
SESSION_COOKIE_AGE = 12 * 3600
CSRF_TRUSTED_ORIGINS = [SITE_URL] if SITE_URL else []
CSRF_FAILURE_VIEW = "roundtable.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"redact": {"()": "roundtable.logs.RedactTokens"}},
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["redact"],
        }
    },
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
        "events.registration.outbox": {"level": "INFO"},
    },
}
