"""Strict readers of the environment: a value is right, or the start stops with one line.

Every reader takes the variable's name and raises ``SettingsError`` with a
sentence that names the variable, the value and what would be right. An empty
value counts as unset, so ``FOO= make run`` is the same as no ``FOO``.
"""

import ipaddress
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.core.validators import validate_email

TRUE = {"true", "1", "yes", "on"}
FALSE = {"false", "0", "no", "off"}


class SettingsError(ImproperlyConfigured):
    """A setting that can't be read; the message is one line for the operator."""


def _refuse(name: str, value: str, wanted: str) -> SettingsError:
    return SettingsError(f"{name}={value!r} can't be read: {wanted}.")


def _refuse_unseen(name: str, wanted: str) -> SettingsError:
    """Refuse a value that is not repeated: it may hold a password."""
    return SettingsError(f"{name} can't be read: {wanted}.")


def _split(value: str) -> SplitResult:
    """Return an address in its parts; one that has none is as good as an empty one."""
    try:
        return urlsplit(value)
    except ValueError:
        return urlsplit("")


def text(name: str, default: str = "") -> str:
    """Return the value without surrounding white space, or ``default``."""
    return os.environ.get(name, "").strip() or default


def boolean(name: str, default: bool) -> bool:
    """Return true or false; anything but the eight usual words is refused."""
    value = text(name).lower()
    if not value:
        return default
    if value in TRUE:
        return True
    if value in FALSE:
        return False
    raise _refuse(name, value, "it takes true or false")


def integer(name: str, default: int, *, least: int, most: int) -> int:
    """Return a whole number between ``least`` and ``most``, both included."""
    value = text(name)
    if not value:
        return default
    try:
        number = int(value)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise _refuse(name, value, f"it takes a whole number from {least} to {most}")
    return number


def words(name: str, default: list[str]) -> list[str]:
    """Return a list from words separated by commas."""
    value = text(name)
    return [word.strip() for word in value.split(",") if word.strip()] if value else default


def folder(name: str, default: Path) -> Path:
    """Return a folder's absolute path; whether it can be written is for its users to say."""
    return Path(text(name) or default).expanduser().absolute()


def origin(name: str) -> str:
    """Return ``https://host[:port]`` without a trailing slash, or an empty string."""
    value = text(name)
    if not value:
        return ""
    parts = _split(value)
    try:
        port_is_right = parts.port is None or parts.port > 0
    except ValueError:
        port_is_right = False
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or not port_is_right
        or parts.path not in {"", "/"}
        or parts.query
        or parts.fragment
        or parts.username
    ):
        raise _refuse(name, value, "it takes an address such as https://roundtable.example.org")
    return f"{parts.scheme}://{parts.netloc}"


def host(name: str, default: str, *, loopback_only: bool) -> str:
    """Return the address to listen on.

    Without ``SITE_URL`` an install is a local one, whose kept mails and
    relaxed sign-in must not be offered to a network, so only loopback will do.
    """
    value = text(name, default)
    try:
        loopback = value == "localhost" or ipaddress.ip_address(value).is_loopback
    except ValueError as error:
        raise _refuse(name, value, "it takes an IP address to listen on") from error
    if loopback_only and not loopback:
        raise _refuse(name, value, "an install without SITE_URL listens on 127.0.0.1 only")
    return value


def instant(name: str) -> datetime | None:
    """Return an instant with its zone, or None for ``real`` (and for unset)."""
    value = text(name)
    if not value or value == "real":
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise _refuse(
            name, value, "it takes real, or an instant such as 2020-10-12T09:00:00+03:00"
        ) from error
    if moment.tzinfo is None:
        raise _refuse(name, value, "the instant lacks its offset from UTC, such as +03:00")
    return moment


def email(name: str, default: str = "") -> str:
    """Return an email address, or ``default``."""
    value = text(name)
    if not value:
        return default
    try:
        validate_email(value)
    except Exception as error:
        raise _refuse(name, value, "it takes an email address") from error
    return value


def database(name: str, data: Path) -> dict[str, Any]:
    """Return Django's description of the database, SQLite in ``data`` by default."""
    value = text(name)
    if not value:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": data / "roundtable.sqlite3"}
    try:
        described: dict[str, Any] = dict(dj_database_url.parse(value))
    except (ValueError, KeyError) as error:
        raise _refuse_unseen(
            name, "it takes postgres://user:password@host:port/name or sqlite:///path"
        ) from error
    if described["ENGINE"].rpartition(".")[2] not in {"sqlite3", "postgresql"}:
        raise _refuse_unseen(name, "the databases supported are PostgreSQL and SQLite")
    return described


def cache(name: str) -> dict[str, Any]:
    """Return Django's description of the cache that all processes share.

    It holds the counts that stop floods and guessed codes. Django would drop
    some of them from the 301st on, which a flood from many addresses reaches.
    """
    value = text(name, "database://")
    room = {"OPTIONS": {"MAX_ENTRIES": 100_000}}
    match _split(value).scheme:
        case "database":
            return {
                "BACKEND": "django.core.cache.backends.db.DatabaseCache",
                "LOCATION": "roundtable_cache",
                **room,
            }
        case "memory":
            return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", **room}
    raise _refuse_unseen(name, "it takes database:// or memory://")


@dataclass(frozen=True)
class MailServer:
    """Where mails are handed over: an SMTP server, with TLS from the start, later or not."""

    host: str
    port: int
    username: str
    password: str
    use_tls: bool
    use_ssl: bool


def mail_server(name: str) -> MailServer | None:
    """Return the SMTP server of ``smtp://``, ``smtp+tls://`` or ``smtps://``, or None."""
    value = text(name)
    if not value:
        return None
    parts = _split(value)
    ports = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in ports or not parts.hostname or port == 0:
        raise _refuse_unseen(
            name, "it takes smtp://, smtp+tls:// or smtps://user:password@host:port"
        )
    return MailServer(
        host=parts.hostname,
        port=port or ports[parts.scheme],
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        use_tls=parts.scheme == "smtp+tls",
        use_ssl=parts.scheme == "smtps",
    )


def secret_key(name: str, data: Path) -> str:
    """Return the secret key: the variable's, or the one kept in ``data``, made once.

    The file is created for its owner's eyes only. Two processes that start
    together agree: the one that comes second reads what the first wrote.
    """
    value = text(name)
    if value:
        if len(value) < 32:
            raise SettingsError(f"{name} is too short: it takes at least 32 characters.")
        return value
    path = data / "secret_key"
    try:
        if not path.exists():
            data.mkdir(parents=True, exist_ok=True)
            fresh = data / f".secret_key.{os.getpid()}"
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_urlsafe(64), encoding="ascii")
            try:
                # A link appears whole or not at all, and refuses to replace another's.
                os.link(fresh, path)
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        kept = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        raise SettingsError(
            f"the data folder {data} can't be written ({error.strerror}): "
            "set ROUNDTABLE_DATA to one that can."
        ) from error
    if len(kept) < 32:
        raise SettingsError(
            f"the secret key in {path} is damaged: remove the file to have a new one made."
        )
    return kept
