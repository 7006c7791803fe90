from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from roundtable import env
from roundtable.env import MailServer, SettingsError


@pytest.fixture
def given(monkeypatch):
    """Set the variable VALUE, or unset it with None."""

    def give(value):
        if value is None:
            monkeypatch.delenv("VALUE", raising=False)
        else:
            monkeypatch.setenv("VALUE", value)

    return give


def refusal(reader, *args, **kwargs):
    with pytest.raises(SettingsError) as refused:
        reader("VALUE", *args, **kwargs)
    message = str(refused.value)
    assert "\n" not in message
    return message


def test_text_is_given_without_white_space_around(given):
    given("  UN-Habitat, Kenya ")
    assert env.text("VALUE") == "UN-Habitat, Kenya"


@pytest.mark.parametrize("value", [None, "", "   "])
def test_text_unset_or_empty_is_the_default(given, value):
    given(value)
    assert env.text("VALUE", "nobody") == "nobody"


@pytest.mark.parametrize("value", ["true", "1", "yes", "on", "TRUE", " Yes "])
def test_boolean_true(given, value):
    given(value)
    assert env.boolean("VALUE", False) is True


@pytest.mark.parametrize("value", ["false", "0", "no", "off", "Off"])
def test_boolean_false(given, value):
    given(value)
    assert env.boolean("VALUE", True) is False


@pytest.mark.parametrize("default", [True, False])
def test_boolean_empty_is_the_default(given, default):
    given("")
    assert env.boolean("VALUE", default) is default


@pytest.mark.parametrize("value", ["maybe", "2", "tru", "-1"])
def test_boolean_anything_else_is_refused(given, value):
    given(value)
    assert refusal(env.boolean, False) == f"VALUE={value!r} can't be read: it takes true or false."


@pytest.mark.parametrize(("value", "number"), [("1", 1), ("8000", 8000), ("65535", 65535)])
def test_integer_within_its_bounds(given, value, number):
    given(value)
    assert env.integer("VALUE", 80, least=1, most=65535) == number


def test_integer_unset_is_the_default(given):
    given(None)
    assert env.integer("VALUE", 80, least=1, most=65535) == 80


@pytest.mark.parametrize("value", ["0", "65536", "-1", "80.5", "eighty", "1e3", "0x50"])
def test_integer_beyond_its_bounds_or_none_is_refused(given, value):
    given(value)
    assert refusal(env.integer, 80, least=1, most=65535) == (
        f"VALUE={value!r} can't be read: it takes a whole number from 1 to 65535."
    )


def test_words_are_parted_by_commas(given):
    given("a.example, b.example ,,c.example")
    assert env.words("VALUE", []) == ["a.example", "b.example", "c.example"]


def test_words_unset_is_the_default(given):
    given(None)
    assert env.words("VALUE", ["localhost"]) == ["localhost"]


def test_folder_is_absolute(given, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given("data")
    assert env.folder("VALUE", Path("/elsewhere")) == tmp_path / "data"


def test_folder_knows_home(given):
    given("~/data")
    assert env.folder("VALUE", Path("/elsewhere")) == Path.home() / "data"


def test_folder_unset_is_the_default(given):
    given(None)
    assert env.folder("VALUE", Path("/elsewhere")) == Path("/elsewhere")


@pytest.mark.parametrize(
    ("value", "origin"),
    [
        ("https://roundtable.example.org", "https://roundtable.example.org"),
        ("https://roundtable.example.org/", "https://roundtable.example.org"),
        ("http://10.0.0.5:8000", "http://10.0.0.5:8000"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("", ""),
    ],
)
def test_origin(given, value, origin):
    given(value)
    assert env.origin("VALUE") == origin


@pytest.mark.parametrize(
    "value",
    [
        "roundtable.example.org",
        "ftp://roundtable.example.org",
        "https://",
        "https://roundtable.example.org/events",
        "https://roundtable.example.org?a=b",
        "https://roundtable.example.org#top",
        "https://user@roundtable.example.org",
        "https://roundtable.example.org:port",
        "https://roundtable.example.org:99999",
        "https://[2001:db8::1",
    ],
)
def test_origin_of_another_kind_is_refused(given, value):
    given(value)
    assert refusal(env.origin) == (
        f"VALUE={value!r} can't be read: "
        "it takes an address such as https://roundtable.example.org."
    )


@pytest.mark.parametrize("value", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_host_of_a_local_install_is_loopback(given, value):
    given(value)
    assert env.host("VALUE", "127.0.0.1", loopback_only=True) == value


@pytest.mark.parametrize("value", ["0.0.0.0", "::", "192.168.1.7", "2001:db8::1"])
def test_host_open_to_a_network_needs_a_site_url(given, value):
    given(value)
    assert env.host("VALUE", "0.0.0.0", loopback_only=False) == value
    assert refusal(env.host, "127.0.0.1", loopback_only=True) == (
        f"VALUE={value!r} can't be read: an install without SITE_URL listens on 127.0.0.1 only."
    )


def test_host_unset_is_the_default(given):
    given(None)
    assert env.host("VALUE", "127.0.0.1", loopback_only=True) == "127.0.0.1"


@pytest.mark.parametrize("value", ["roundtable.example.org", "300.1.1.1", "127.0.0.1:80"])
def test_host_that_is_no_address_is_refused(given, value):
    given(value)
    assert refusal(env.host, "127.0.0.1", loopback_only=False) == (
        f"VALUE={value!r} can't be read: it takes an IP address to listen on."
    )


def test_instant_keeps_its_zone(given):
    given("2020-10-12T09:00:00+03:00")
    east_africa = timezone(timedelta(hours=3))
    moment = env.instant("VALUE")
    assert moment == datetime(2020, 10, 12, 9, 0, tzinfo=east_africa)
    assert moment.utcoffset() == timedelta(hours=3)


@pytest.mark.parametrize("value", [None, "", "real"])
def test_instant_unset_or_real_is_none(given, value):
    given(value)
    assert env.instant("VALUE") is None


@pytest.mark.parametrize("value", ["yesterday", "2020-13-01T00:00:00Z", "12:45 EAT"])
def test_instant_that_is_none_is_refused(given, value):
    given(value)
    assert refusal(env.instant) == (
        f"VALUE={value!r} can't be read: "
        "it takes real, or an instant such as 2020-10-12T09:00:00+03:00."
    )


@pytest.mark.parametrize("value", ["2020-10-12T09:00:00", "2020-10-12"])
def test_instant_without_offset_is_refused(given, value):
    given(value)
    assert refusal(env.instant) == (
        f"VALUE={value!r} can't be read: the instant lacks its offset from UTC, such as +03:00."
    )


def test_email(given):
    given("roundtable@example.org")
    assert env.email("VALUE") == "roundtable@example.org"


def test_email_unset_is_the_default(given):
    given(None)
    assert env.email("VALUE") == ""


@pytest.mark.parametrize("value", ["roundtable", "a@b", "Name <a@example.org>", "a@example.org,b"])
def test_email_that_is_none_is_refused(given, value):
    given(value)
    assert refusal(env.email) == f"VALUE={value!r} can't be read: it takes an email address."


def test_database_unset_is_sqlite_in_the_data_folder(given):
    given(None)
    assert env.database("VALUE", Path("/data")) == {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": Path("/data/roundtable.sqlite3"),
    }


def test_database_postgresql(given):
    given("postgres://user:p%40ss@db.example.org:5433/roundtable")
    described = env.database("VALUE", Path("/data"))
    assert {name: described[name] for name in ("ENGINE", "NAME", "USER", "PASSWORD")} == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "roundtable",
        "USER": "user",
        "PASSWORD": "p@ss",
    }
    assert (described["HOST"], described["PORT"]) == ("db.example.org", 5433)


def test_database_postgresql_by_a_socket(given):
    given("postgres://user@%2Frun%2Fpostgresql/roundtable")
    assert env.database("VALUE", Path("/data"))["HOST"] == "/run/postgresql"


def test_database_sqlite_elsewhere(given):
    given("sqlite:////elsewhere/site.sqlite3")
    described = env.database("VALUE", Path("/data"))
    assert described["ENGINE"] == "django.db.backends.sqlite3"
    assert described["NAME"] == "/elsewhere/site.sqlite3"


@pytest.mark.parametrize(
    "value", ["nonsense", "mongodb://db/x", "postgres://db:port/x", "postgres://db:99999/x"]
)
def test_database_that_is_none_is_refused(given, value):
    given(value)
    assert refusal(env.database, Path("/data")) == (
        "VALUE can't be read: it takes postgres://user:password@host:port/name or sqlite:///path."
    )


def test_database_refused_does_not_tell_its_password(given):
    given("postgres://user:sesame@db:port/x")
    assert "sesame" not in refusal(env.database, Path("/data"))


def test_database_of_another_kind_is_refused(given):
    given("mysql://user:sesame@db/x")
    assert refusal(env.database, Path("/data")) == (
        "VALUE can't be read: the databases supported are PostgreSQL and SQLite."
    )


@pytest.mark.parametrize(
    ("value", "backend"),
    [
        (None, "django.core.cache.backends.db.DatabaseCache"),
        ("database://", "django.core.cache.backends.db.DatabaseCache"),
        ("memory://", "django.core.cache.backends.locmem.LocMemCache"),
    ],
)
def test_cache(given, value, backend):
    given(value)
    found = env.cache("VALUE")
    assert found["BACKEND"] == backend
    # Counts that stop floods are not dropped to make room.
    assert found["OPTIONS"]["MAX_ENTRIES"] == 100_000


@pytest.mark.parametrize("value", ["memcached://cache:sesame@x", "database"])
def test_cache_of_another_kind_is_refused(given, value):
    given(value)
    assert refusal(env.cache) == ("VALUE can't be read: it takes database:// or memory://.")


@pytest.mark.parametrize(
    ("value", "server"),
    [
        ("smtp://mail.example.org", ("mail.example.org", 25, "", "", False, False)),
        (
            "smtp+tls://user%40example.org:p%3Ass@mail.example.org",
            ("mail.example.org", 587, "user@example.org", "p:ss", True, False),
        ),
        ("smtps://u:p@mail.example.org", ("mail.example.org", 465, "u", "p", False, True)),
        ("smtp://127.0.0.1:2525", ("127.0.0.1", 2525, "", "", False, False)),
    ],
)
def test_mail_server(given, value, server):
    given(value)
    assert env.mail_server("VALUE") == MailServer(*server)


def test_mail_server_unset_is_none(given):
    given("")
    assert env.mail_server("VALUE") is None


@pytest.mark.parametrize(
    "value",
    [
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://u:sesame@mail.example.org:0",
        "smtp://u:sesame@mail.example.org:port",
        "smtp://u:sesame@mail.example.org:99999",
        "smtp://u:sesame@[mail",
    ],
)
def test_mail_server_of_another_kind_is_refused_without_its_password(given, value):
    given(value)
    assert refusal(env.mail_server) == (
        "VALUE can't be read: it takes smtp://, smtp+tls:// or smtps://user:password@host:port."
    )


def test_secret_key_given_is_taken(given, tmp_path):
    given("k" * 32)
    assert env.secret_key("VALUE", tmp_path) == "k" * 32
    assert list(tmp_path.iterdir()) == []


def test_secret_key_too_short_is_refused_and_not_told(given, tmp_path):
    given("k" * 31)
    assert (
        refusal(env.secret_key, tmp_path) == "VALUE is too short: it takes at least 32 characters."
    )


def test_secret_key_is_made_once_for_its_owner_only(given, tmp_path):
    given(None)
    made = env.secret_key("VALUE", tmp_path / "data")
    assert len(made) > 60
    assert env.secret_key("VALUE", tmp_path / "data") == made
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret_key"]
    assert (tmp_path / "data" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_secret_key_that_another_process_made_meanwhile_is_taken(given, tmp_path, monkeypatch):
    given(None)
    link = env.os.link

    def lose_the_race(fresh, path):
        Path(path).write_text("of the other process" * 2, encoding="ascii")
        link(fresh, path)

    monkeypatch.setattr(env.os, "link", lose_the_race)
    assert env.secret_key("VALUE", tmp_path) == "of the other process" * 2
    assert [path.name for path in tmp_path.iterdir()] == ["secret_key"]


def test_secret_key_in_a_folder_that_cannot_be_made_is_refused(given, tmp_path):
    given(None)
    (tmp_path / "file").touch()
    data = tmp_path / "file" / "data"
    assert refusal(env.secret_key, data) == (
        f"the data folder {data} can't be written (Not a directory): "
        "set ROUNDTABLE_DATA to one that can."
    )


@pytest.mark.parametrize("kept", ["", "cut short"])
def test_secret_key_that_was_damaged_is_refused(given, tmp_path, kept):
    given(None)
    (tmp_path / "secret_key").write_text(kept)
    assert refusal(env.secret_key, tmp_path) == (
        f"the secret key in {tmp_path / 'secret_key'} is damaged: "
        "remove the file to have a new one made."
    )
