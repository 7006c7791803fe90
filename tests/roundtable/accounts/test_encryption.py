import json

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection

from roundtable.accounts import encryption
from roundtable.accounts.factors import has_second_factor
from tests.signing_in import app_code, give_factor, show_factor

KEYS = ["a" * 50, "b" * 50, "c" * 50]
CHANGED = "because the site's key has changed"


def stored(user):
    """The rows of a person's factors, as they lie in the database."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT data FROM mfa_authenticator WHERE user_id = %s", [user.pk])
        rows = [row[0] for row in cursor.fetchall()]
    return "".join(row if isinstance(row, str) else json.dumps(row) for row in rows)


def test_what_was_encrypted_is_read_again_and_never_the_same_twice():
    first, second = encryption.encrypt("JBSWY3DP"), encryption.encrypt("JBSWY3DP")
    assert first != second
    assert "JBSWY3DP" not in first + second
    assert encryption.decrypt(first) == encryption.decrypt(second) == "JBSWY3DP"


@pytest.mark.parametrize("text", ["", "é", "x" * 5000])
def test_any_text_is_read_again(text):
    assert encryption.decrypt(encryption.encrypt(text)) == text


def test_another_key_reads_nothing_and_an_earlier_one_is_honoured(settings):
    settings.SECRET_KEY = KEYS[0]
    old = encryption.encrypt("JBSWY3DP")
    settings.SECRET_KEY = KEYS[1]
    with pytest.raises(encryption.Unreadable):
        encryption.decrypt(old)
    settings.SECRET_KEY_FALLBACKS = [KEYS[2], KEYS[0]]
    assert encryption.decrypt(old) == "JBSWY3DP"
    new = encryption.encrypt("JBSWY3DP")
    settings.SECRET_KEY_FALLBACKS = []
    assert encryption.decrypt(new) == "JBSWY3DP"


@pytest.mark.parametrize("broken", ["", "JBSWY3DP", "gAAAA", "é", "gAAAAABh" + "A" * 90])
def test_what_was_never_encrypted_is_unreadable(broken):
    with pytest.raises(encryption.Unreadable):
        encryption.decrypt(broken)


def test_row_in_the_database_holds_no_secret(client, person):
    client.force_login(person)
    client.get("/accounts/")
    secret, codes = give_factor(person)
    seed = encryption.decrypt(Authenticator.objects.get(type="recovery_codes").data["seed"])
    row = stored(person)
    assert len(row) > 200
    for hidden in (secret, seed, *codes):
        assert hidden not in row
        assert hidden.lower() not in row.lower()


def test_decrypted_secret_still_opens_the_door(client, person, settings):
    client.force_login(person)
    secret, codes = give_factor(person)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = KEYS[0]
    client.force_login(person)
    for code in (app_code(secret), codes[3]):
        assert client.post("/accounts/2fa/reauthenticate/", {"code": code}).status_code == 302


def test_lost_key_is_a_failed_factor_with_a_sentence(client, person, settings):
    secret, codes = give_factor(person)
    settings.SECRET_KEY = KEYS[0]
    client.force_login(person)
    for code in (app_code(secret), codes[0], app_code(""), "000000"):
        response = client.post("/accounts/2fa/reauthenticate/", {"code": code})
        assert response.status_code == 200
        assert CHANGED in response.content.decode().replace("&#x27;", "'")
    assert has_second_factor(person)


def test_lost_key_leaves_pages_that_say_so(client, person, settings):
    client.force_login(person)
    show_factor(client)
    key, settings.SECRET_KEY = settings.SECRET_KEY, KEYS[0]
    # The session is still read: the cookie is the session's key, signed by nobody.
    settings.SECRET_KEY_FALLBACKS = []
    client.force_login(person)
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "mfa", "at": 9e9, "reauthenticated": True}
    ]
    session["account_authentication_methods_user"] = str(person.pk)
    session.save()
    index = client.get("/accounts/2fa/").content.decode().replace("&#x27;", "'")
    assert CHANGED in index
    assert "There are none that work." in index
    shown = client.get("/accounts/2fa/recovery-codes/", follow=True)
    assert shown.redirect_chain == [("/accounts/2fa/", 302)]
    assert CHANGED in shown.content.decode().replace("&#x27;", "'")
    assert client.get("/accounts/2fa/recovery-codes/download/").status_code == 302
    # New codes take the place of what can't be read.
    assert client.get("/accounts/2fa/recovery-codes/generate/").status_code == 200
    assert client.post("/accounts/2fa/recovery-codes/generate/").status_code == 302
    assert client.get("/accounts/2fa/recovery-codes/").status_code == 200
    assert client.post("/accounts/2fa/totp/deactivate/").status_code == 302
    assert key != settings.SECRET_KEY
