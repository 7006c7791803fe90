"""An owner says who the colleagues are, by the admin's real form."""

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group, User
from django.test import Client

from roundtable.roles import Role

pytestmark = pytest.mark.django_db
ADD = "/admin/auth/user/add/"
OWNERS_LEFT = "There must be at least one owner who may sign in. Make somebody else one first."


def group(role):
    return Group.objects.get(name=role)


@pytest.fixture
def owner():
    user = User.objects.create_user("amina@example.org", "amina@example.org", is_staff=True)
    user.groups.add(group(Role.OWNER))
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


@pytest.fixture
def client(owner):
    client = Client()
    client.force_login(owner)
    return client


def typed(*roles, **fields):
    return {
        "email": "otieno@example.org",
        "first_name": "Otieno",
        "last_name": "Odhiambo",
        "groups": [group(role).pk for role in roles],
        "is_active": "on",
        **fields,
    }


def errors_of(response):
    assert response.status_code == 200
    return response.context["adminform"].form.errors


def page(user):
    return f"/admin/auth/user/{user.pk}/change/"


def test_adding_a_colleague_makes_an_account_that_signs_in_by_code(client):
    assert client.post(ADD, typed(Role.EDITOR, Role.ACCESS_OFFICER)).status_code == 302
    user = User.objects.get(email="otieno@example.org")
    assert [g.name for g in user.groups.order_by("name")] == ["Access officer", "Editor"]
    assert (user.is_staff, user.is_superuser, user.has_usable_password()) == (True, False, False)
    address = EmailAddress.objects.get(user=user)
    assert (address.email, address.verified, address.primary) == ("otieno@example.org", True, True)


def test_without_a_role_the_desk_stays_closed(client):
    client.post(ADD, typed())
    assert User.objects.get(email="otieno@example.org").is_staff is False


def test_taking_the_last_role_closes_the_desk(client):
    client.post(ADD, typed(Role.EDITOR))
    user = User.objects.get(email="otieno@example.org")
    client.post(page(user), typed())
    user.refresh_from_db()
    assert user.is_staff is False


@pytest.mark.parametrize("address", ["amina@example.org", "AMINA@example.org"])
def test_an_address_that_has_an_account_is_refused(client, address):
    errors = errors_of(client.post(ADD, typed(Role.EDITOR, email=address)))
    assert errors == {
        "email": ["Somebody has an account with this address already. Find it in the list."]
    }
    assert User.objects.count() == 1


@pytest.mark.parametrize("address", ["", "amina", "a b@example.org"])
def test_what_is_no_address_is_refused_at_its_field(client, address):
    assert set(errors_of(client.post(ADD, typed(Role.EDITOR, email=address)))) == {"email"}


def test_a_new_address_takes_the_place_of_the_old_one(client):
    client.post(ADD, typed(Role.EDITOR))
    user = User.objects.get(email="otieno@example.org")
    client.post(page(user), typed(Role.EDITOR, email="odhiambo@example.org"))
    assert list(EmailAddress.objects.filter(user=user).values_list("email", "verified")) == [
        ("odhiambo@example.org", True)
    ]


@pytest.mark.parametrize(
    ("roles", "fields"), [([Role.ORGANISER], {}), ([Role.OWNER], {"is_active": ""})]
)
def test_the_last_owner_stays(client, owner, roles, fields):
    errors = errors_of(client.post(page(owner), typed(*roles, email=owner.email, **fields)))
    assert errors == {"__all__": [OWNERS_LEFT]}
    assert owner.groups.get() == group(Role.OWNER)


def test_an_owner_may_hand_over(client, owner):
    client.post(ADD, typed(Role.OWNER))
    assert client.post(page(owner), typed(Role.EDITOR, email=owner.email)).status_code == 302
    assert owner.groups.get() == group(Role.EDITOR)


def test_nobody_deletes_herself(client, owner):
    assert client.get(f"/admin/auth/user/{owner.pk}/delete/").status_code == 403
    client.post(ADD, typed(Role.EDITOR))
    other = User.objects.get(email="otieno@example.org")
    assert client.get(f"/admin/auth/user/{other.pk}/delete/").status_code == 200


def test_nobody_becomes_a_superuser_by_the_form(client):
    client.post(ADD, typed(Role.OWNER, is_superuser="on", is_staff="on", password="x"))
    assert User.objects.get(email="otieno@example.org").is_superuser is False


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_costs_a_constant_number_of_queries(client, number, django_assert_num_queries):
    for index in range(number):
        user = User.objects.create_user(f"c{index}", f"c{index}@example.org", is_staff=True)
        user.groups.add(group(Role.EDITOR))
    with django_assert_num_queries(9):
        shown = client.get("/admin/auth/user/?who=colleagues").content.decode()
    assert shown.count("Editor") >= number


def test_the_form_says_what_each_role_means(client):
    shown = client.get(ADD).content.decode()
    assert "Access officer – Sees the support people asked for. Nobody else does." in shown


def test_whoever_only_began_to_sign_up_is_not_taken_along(client):
    """She may change the address she typed, and would confirm the colleague's account by hers."""
    stranger = Client()
    stranger.post("/accounts/signup/", {"email": "otieno@example.org"})
    user = User.objects.get(email="otieno@example.org")
    assert client.post(page(user), typed(Role.OWNER)).status_code == 302
    changed = {"action": "change", "email": "stranger@example.net"}
    assert stranger.post("/accounts/confirm-email/", changed).status_code == 200
    user.refresh_from_db()
    assert (user.email, user.is_staff) == ("otieno@example.org", True)
    assert not EmailAddress.objects.filter(email="stranger@example.net").exists()


def test_an_address_somebody_only_claims_as_her_second_is_free(client):
    other = User.objects.create_user("other", "other@example.org")
    EmailAddress.objects.create(user=other, email=other.email, verified=True, primary=True)
    EmailAddress.objects.create(user=other, email="otieno@example.org", verified=False)
    assert client.post(ADD, typed(Role.EDITOR)).status_code == 302
    assert EmailAddress.objects.get(email="otieno@example.org", verified=True).user.is_staff


def colleague(*roles, **fields):
    """Somebody who signed in before, and her browser."""
    user = User.objects.create_user("otieno@example.org", "otieno@example.org", **fields)
    user.groups.set([group(role) for role in roles])
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    browser = Client()
    browser.force_login(user)
    return user, browser


def test_a_session_left_open_does_not_rise_with_the_account(client):
    user, elsewhere = colleague()
    assert elsewhere.get("/accounts/").status_code == 200
    assert client.post(page(user), typed(Role.OWNER)).status_code == 302
    assert User.objects.get(pk=user.pk).is_staff is True
    assert elsewhere.get("/admin/").status_code == 302


def test_a_session_ended_by_keeping_somebody_out_does_not_wake_again(client):
    user, elsewhere = colleague(Role.EDITOR, is_staff=True)
    client.post(page(user), typed(Role.EDITOR, is_active=""))
    assert elsewhere.get("/admin/").status_code == 302
    client.post(page(user), typed(Role.EDITOR))
    assert elsewhere.get("/admin/").status_code == 302


def test_another_address_ends_what_was_opened_by_the_former_one(client):
    user, elsewhere = colleague(Role.EDITOR, is_staff=True)
    client.post(page(user), typed(Role.EDITOR, email="odhiambo@example.org"))
    assert elsewhere.get("/admin/").status_code == 302


def test_another_name_or_role_leaves_a_colleague_signed_in(client):
    user, elsewhere = colleague(Role.EDITOR, is_staff=True)
    client.post(page(user), typed(Role.ORGANISER, first_name="Oti"))
    assert elsewhere.get("/admin/").status_code == 200


def test_an_owner_who_corrects_her_own_address_stays_signed_in(client, owner):
    assert client.post(page(owner), typed(Role.OWNER)).status_code == 302
    assert client.get("/admin/").status_code == 200


def said(response):
    return [(message.level_tag, str(message)) for message in response.context["messages"]]


def test_what_to_tell_a_new_colleague_is_said(client, settings):
    settings.ORIGIN = "https://table.example.org"
    (told, _added) = said(client.post(ADD, typed(Role.EDITOR), follow=True))
    text = (
        "Tell otieno@example.org to sign in at https://table.example.org/admin/ with a code by "
        "mail, and to set up a second step there."
    )
    assert told == ("info", text)
    user = User.objects.get(email="otieno@example.org")
    # Once is enough, unless the desk opens anew.
    (level, _changed), *more = said(client.post(page(user), typed(Role.ORGANISER), follow=True))
    assert (level, more) == ("success", [])
    client.post(page(user), typed(), follow=True)
    assert said(client.post(page(user), typed(Role.EDITOR), follow=True))[0] == ("info", text)


def test_who_may_not_sign_in_is_not_to_be_told(client):
    (only,) = said(client.post(ADD, typed(Role.EDITOR, is_active=""), follow=True))
    assert only[0] == "success"


def test_saving_without_any_role_warns(client):
    (warned, _added) = said(client.post(ADD, typed(), follow=True))
    assert warned == (
        "warning",
        "otieno@example.org has no role and can't open the desk. Choose a role to change that.",
    )
    user = User.objects.get(email="otieno@example.org")
    assert said(client.post(page(user), typed(), follow=True))[0] == warned
