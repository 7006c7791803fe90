import re
import subprocess
import sys

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from django.core import signing
from django.test import Client

from roundtable import organisers
from roundtable.roles import Role
from tests.factories import make_organiser
from tests.live import PATIENCE, ROOT, database, environment

pytestmark = pytest.mark.django_db
EMAIL = "amina@example.org"


def path_of(link):
    assert link.startswith("http://localhost:8000/organiser/")
    return link.removeprefix("http://localhost:8000")


@pytest.fixture
def path():
    return path_of(organisers.first_organiser_link())


def refused(response):
    return response.status_code == 404 and b"This link no longer works" in response.content


def aged(hours):
    """A link made so many hours ago, by the site's own key."""
    signer = signing.TimestampSigner(salt=organisers.SALT, sep=".")
    made = int(signing.b62_decode(signer.timestamp())) - hours * 3600
    value = f"first.{signing.b62_encode(made)}"
    return f"/organiser/{value}.{signer.signature(value)}/"


def test_button_makes_the_account_and_signs_in(client, path):
    response = client.post(path, {"email": "Amina@Example.org"})
    assert (response.status_code, response["Location"]) == (302, "/accounts/2fa/")
    user = User.objects.get()
    assert (user.is_staff, user.is_superuser, user.is_active) == (True, False, True)
    assert [group.name for group in user.groups.all()] == [Role.OWNER]
    assert user.email == EMAIL
    assert not user.has_usable_password()
    address = EmailAddress.objects.get()
    assert (address.user, address.email) == (user, EMAIL)
    assert (address.verified, address.primary) == (True, True)
    assert client.get("/admin/").status_code == 200
    assert client.session["_auth_user_id"] == str(user.pk)


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_the_link_changes_nothing(client, path, method):
    for _ in range(2):
        response = getattr(client, method)(path)
        assert response.status_code == 200
        assert "no-store" in response["Cache-Control"]
    assert not User.objects.exists()
    assert "sessionid" not in client.cookies
    assert client.post(path, {"email": EMAIL}).status_code == 302


def test_link_works_in_a_browser_that_checks_where_forms_come_from(path):
    browser = Client(enforce_csrf_checks=True)
    page = browser.get(path).content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
    typed = {"email": EMAIL, "csrfmiddlewaretoken": token}
    assert browser.post(path, typed, headers={"origin": "https://evil.example"}).status_code == 403
    assert not User.objects.exists()
    assert browser.post(path, typed).status_code == 302


@pytest.mark.parametrize(
    "email", ["", "amina", "amina@", "a@b\r\nBcc: x@y.org", "a" * 250 + "@b.org"]
)
def test_what_is_no_address_is_told_and_kept_and_makes_nobody(client, path, email):
    response = client.post(path, {"email": email})
    assert response.status_code == 200
    assert b"Nothing you typed is lost." in response.content
    assert response.context["form"]["email"].value() == email
    assert not User.objects.exists()


def test_second_person_with_the_link_finds_it_used(client, path):
    assert not refused(client.get(path))
    assert Client().post(path, {"email": EMAIL}).status_code == 302
    assert refused(client.get(path))
    assert refused(client.post(path, {"email": "second@example.org"}))
    assert list(User.objects.values_list("email", flat=True)) == [EMAIL]
    assert "sessionid" not in client.cookies


def test_every_earlier_link_is_used_with_the_first(client, path):
    other = path_of(organisers.first_organiser_link())
    client.post(path, {"email": EMAIL})
    assert refused(Client().get(other))
    assert organisers.first_organiser_link() is None


def test_link_of_yesterday_is_too_old(client):
    assert client.get(aged(23)).status_code == 200
    assert refused(client.get(aged(25)))
    assert refused(client.post(aged(25), {"email": EMAIL}))
    assert not User.objects.exists()


def test_forged_or_cut_link_is_refused(client, path):
    token = path.removeprefix("/organiser/").strip("/")
    otherwise_signed = signing.TimestampSigner(salt="another", sep=".").sign("first")
    with_another_key = signing.TimestampSigner(key="k" * 50, salt=organisers.SALT, sep=".").sign(
        "first"
    )
    for forged in (token[:-1], "x" + token, token.replace("first", "second"), "first", ".",
                   otherwise_signed, with_another_key):  # fmt: skip
        assert refused(client.get(f"/organiser/{forged}/"))
        assert refused(client.post(f"/organiser/{forged}/", {"email": EMAIL}))
    assert not User.objects.exists()


def test_organiser_who_may_sign_in_no_more_leaves_the_door_open():
    user = make_organiser()
    assert organisers.first_organiser_link() is None
    user.is_active = False
    user.save()
    assert organisers.first_organiser_link() is not None


def test_account_of_an_attendee_becomes_the_organiser_s(client, path):
    user = User.objects.create_user("amina", "Amina@example.org", "a password")
    EmailAddress.objects.create(user=user, email=EMAIL, primary=True, verified=False)
    elsewhere = Client()
    elsewhere.force_login(user)
    assert client.post(path, {"email": EMAIL}).status_code == 302
    user.refresh_from_db()
    assert (User.objects.count(), user.is_staff, user.is_superuser) == (1, True, False)
    assert EmailAddress.objects.get().verified is True
    # Whoever made the account before is not let in by it.
    assert not user.has_usable_password()
    assert elsewhere.get("/admin/").status_code == 302


def test_account_known_by_its_second_address_is_that_account(client, path):
    user = User.objects.create_user("amina", "first@example.org")
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    EmailAddress.objects.create(user=user, email=EMAIL, verified=True)
    assert client.post(path, {"email": EMAIL}).status_code == 302
    user.refresh_from_db()
    assert (User.objects.count(), user.is_staff, user.email) == (1, True, EMAIL)
    assert EmailAddress.objects.get(primary=True).email == EMAIL


def test_account_that_was_closed_is_open_again(client, path):
    User.objects.create_user("amina", EMAIL, is_active=False)
    assert client.post(path, {"email": EMAIL}).status_code == 302
    assert client.get("/admin/").status_code == 200
    assert organisers.first_organiser_link() is None


def test_address_claimed_by_somebody_unverified_is_free(client, path):
    other = User.objects.create_user("other", "other@example.org")
    EmailAddress.objects.create(user=other, email=EMAIL, verified=False)
    assert client.post(path, {"email": EMAIL}).status_code == 302
    other.refresh_from_db()
    assert other.is_staff is False
    assert User.objects.get(is_staff=True).email == EMAIL


def test_whoever_only_began_to_sign_up_is_not_taken_along():
    """She may change the address she typed, and would confirm the organiser's account by hers."""
    stranger = Client()
    stranger.post("/accounts/signup/", {"email": EMAIL})
    organisers.make_organiser(email=EMAIL)
    changed = {"action": "change", "email": "stranger@example.net"}
    assert stranger.post("/accounts/confirm-email/", changed).status_code == 200
    user = User.objects.get()
    assert (user.email, user.is_staff) == (EMAIL, True)
    assert list(EmailAddress.objects.values_list("email", flat=True)) == [EMAIL]


# Four people press the button of one link at once, on a database of their own.
AT_ONCE = """
import threading
import django
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from roundtable import organisers
from roundtable.roles import Role

call_command("migrate", verbosity=0)
token = organisers.first_organiser_link().split("/")[-2]
start = threading.Barrier(4)
outcomes = []

def claim(number):
    start.wait()
    try:
        organisers.make_first_organiser(token=token, email=f"{number}@example.org")
        outcomes.append("made")
    except organisers.LinkRefused:
        outcomes.append("refused")
    finally:
        connection.close()

threads = [threading.Thread(target=claim, args=(number,)) for number in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(*sorted(outcomes), User.objects.filter(is_staff=True).count())
"""


def test_of_four_at_once_one_becomes_the_organiser(tmp_path):
    with database() as settings:
        found = environment(ROUNDTABLE_DATA=str(tmp_path), **settings)
        done = subprocess.run(
            [sys.executable, "-c", AT_ONCE],
            cwd=ROOT,
            env={**found, "DJANGO_SETTINGS_MODULE": "roundtable.settings"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    assert done.stdout == "made refused refused refused 1\n", done.stderr
