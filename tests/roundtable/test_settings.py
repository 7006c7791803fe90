import re
import runpy
from datetime import datetime, timedelta, timezone

import pytest

from roundtable.bootstrap import SETTINGS, production
from roundtable.env import SettingsError
from tests.live import ROOT, manage


@pytest.fixture
def settings_of(monkeypatch, tmp_path):
    """Read settings.py anew, with these variables and no others."""

    def read(**variables):
        for name in SETTINGS:
            monkeypatch.delenv(name, raising=False)
        for name, value in {"ROUNDTABLE_DATA": str(tmp_path / "data"), **variables}.items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(ROOT / "roundtable" / "settings.py"))

    return read


def test_every_setting_is_known_to_the_bootstrap():
    source = (ROOT / "roundtable" / "settings.py").read_text(encoding="utf-8")
    assert tuple(sorted(set(re.findall(r'env\.\w+\(\s*"(\w+)"', source)))) == SETTINGS


def test_a_local_install_listens_on_loopback_and_keeps_its_mails(settings_of, tmp_path):
    settings = settings_of()
    assert settings["LOCAL_INSTALL"] is True
    assert (settings["HOST"], settings["PORT"]) == ("127.0.0.1", 8000)
    assert settings["ORIGIN"] == "http://localhost:8000"
    assert settings["MAIL_SERVER"] is None
    assert settings["DEBUG"] is False
    assert settings["SESSION_COOKIE_SECURE"] is False
    assert settings["SECURE_HSTS_SECONDS"] == 0
    assert settings["ROUNDTABLE_DATA"] == tmp_path / "data"


def test_a_local_install_stands_on_12_october_2020_at_nine_in_nakuru(settings_of):
    east_africa = timezone(timedelta(hours=3))
    assert settings_of()["ROUNDTABLE_CLOCK"] == datetime(2020, 10, 12, 9, 0, tzinfo=east_africa)


def test_a_local_install_can_be_asked_for_real_time(settings_of):
    assert settings_of(ROUNDTABLE_CLOCK="real")["ROUNDTABLE_CLOCK"] is None


def test_a_site_on_the_web_has_real_time_and_safe_cookies(settings_of):
    settings = settings_of(**production())
    assert settings["LOCAL_INSTALL"] is False
    assert settings["HOST"] == "0.0.0.0"
    assert settings["ORIGIN"] == "https://roundtable.example.org"
    assert settings["ALLOWED_HOSTS"] == ["roundtable.example.org"]
    assert settings["ROUNDTABLE_CLOCK"] is None
    assert settings["SESSION_COOKIE_SECURE"] is True
    assert settings["CSRF_COOKIE_SECURE"] is True
    assert settings["SECURE_HSTS_SECONDS"] == 31536000


def test_a_site_that_says_http_has_no_hsts(settings_of):
    settings = settings_of(SITE_URL="http://10.0.0.5:8000")
    assert settings["SESSION_COOKIE_SECURE"] is False
    assert settings["SECURE_HSTS_SECONDS"] == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SITE_URL", "roundtable.example.org"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("HOST", "0.0.0.0"),
        ("HOST", "somewhere"),
        ("WEB_CONCURRENCY", "0"),
        ("WEB_CONCURRENCY", "many"),
        ("DATABASE_URL", "mysql://db/x"),
        ("DATABASE_URL", "nonsense"),
        ("CACHE_URL", "memcached://cache"),
        ("EMAIL_URL", "mail.example.org"),
        ("CONTACT_EMAIL", "nobody"),
        ("SECRET_KEY", "too short"),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "6"),
        ("EMBED_WORKER", "perhaps"),
        ("ROUNDTABLE_CLOCK", "yesterday"),
        ("ROUNDTABLE_CLOCK", "2020-10-12T09:00"),
        ("DEBUG", "maybe"),
    ],
)
def test_a_value_that_cannot_be_read_stops_the_start_and_is_named(settings_of, name, value):
    with pytest.raises(SettingsError, match=rf"\A{name}\b[^\n]+\.\Z"):
        settings_of(**{name: value})


def test_a_value_that_cannot_be_read_is_told_in_one_line(tmp_path):
    done = manage("check", ROUNDTABLE_DATA=str(tmp_path), PORT="http")
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        "roundtable: PORT='http' can't be read: it takes a whole number from 1 to 65535.\n",
    )


def test_a_data_folder_that_cannot_be_made_is_told_in_one_line(tmp_path):
    (tmp_path / "file").touch()
    data = tmp_path / "file" / "data"
    done = manage("check", ROUNDTABLE_DATA=str(data))
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        (
            f"roundtable: the data folder {data} can't be written (Not a directory): "
            "set ROUNDTABLE_DATA to one that can.\n"
        ),
    )


def test_postgresql_compiles_no_query_and_keeps_what_the_address_asks(settings_of):
    address = "postgres://somebody@localhost/roundtable"
    settings = settings_of(DATABASE_URL=address)
    assert settings["DATABASES"]["default"]["OPTIONS"]["options"] == "-c jit=off"
    settings = settings_of(DATABASE_URL=f"{address}?options=-c%20lock_timeout%3D5000")
    options = settings["DATABASES"]["default"]["OPTIONS"]["options"]
    assert options == "-c lock_timeout=5000 -c jit=off"
