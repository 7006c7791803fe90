"""Secrets of second factors, encrypted before they reach the database.

The key is derived from ``SECRET_KEY`` (HKDF, RFC 5869), so there is nothing
more to keep; what was written under one of ``SECRET_KEY_FALLBACKS`` can still
be read. Whoever holds a copy of the database alone can read none of it.
"""

from base64 import urlsafe_b64encode
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

# Names the purpose, so that the key is of use for nothing else.
PURPOSE = b"roundtable.accounts.second-factor"


class Unreadable(Exception):
    """It was not encrypted with the site's key, nor with one of the earlier ones."""


def encrypt(text: str) -> str:
    """Return ``text`` encrypted with the site's key of today."""
    return _fernet().encrypt(text.encode()).decode("ascii")


def decrypt(encrypted: str) -> str:
    """Return what was encrypted. Raises Unreadable where the key has changed."""
    try:
        return _fernet().decrypt(encrypted.encode()).decode()
    except InvalidToken as error:
        raise Unreadable from error


def _fernet() -> MultiFernet:
    return MultiFernet(_key(str(key)) for key in (settings.SECRET_KEY, *_earlier_keys()))


def _earlier_keys() -> list[str]:
    return list(settings.SECRET_KEY_FALLBACKS)


@lru_cache(maxsize=8)
def _key(secret: str) -> Fernet:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE)
    return Fernet(urlsafe_b64encode(derive.derive(secret.encode())))
