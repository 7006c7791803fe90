"""The matrix: which role may open which page of the desk, and what it may do there."""

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.test import Client

from roundtable import roles
from roundtable.roles import PERMISSIONS, Role
from speakers.models import StakeholderGroup
from tests.factories import (
    make_assignment,
    make_event,
    make_group,
    make_note,
    make_registration,
    make_series,
    make_speaker,
    make_voice,
)

pytestmark = pytest.mark.django_db
OWNER, ORGANISER, EDITOR, ACCESS, READER = Role
EVERYBODY = set(Role)
RUNNERS = {OWNER, ORGANISER}
EDITORS = {OWNER, ORGANISER, EDITOR}
REGISTRARS = {OWNER, ORGANISER, ACCESS, READER}
NOBODY = set()

# Of each kind of row: who may see it, add one, change it, delete it.
MATRIX = {
    "events/event": (EVERYBODY, EDITORS, EDITORS, RUNNERS),
    "events/agendaitem": (EVERYBODY, EDITORS, EDITORS, EDITORS),
    "events/conceptnote": (EVERYBODY, EDITORS, EDITORS, EDITORS),
    "events/venue": (EVERYBODY, EDITORS, EDITORS, EDITORS),
    "events/series": (EVERYBODY, EDITORS, EDITORS, EDITORS),
    "speakers/speaker": (EVERYBODY, EDITORS, EDITORS, EDITORS),
    "speakers/stakeholdergroup": (EVERYBODY, RUNNERS, RUNNERS, RUNNERS),
    "speakers/voice": (EVERYBODY, RUNNERS, RUNNERS, RUNNERS),
    "registration/registration": (REGISTRARS, RUNNERS, RUNNERS, RUNNERS),
    "registration/personaldataaccess": ({OWNER}, NOBODY, NOBODY, NOBODY),
    "outbox/outboxmail": (RUNNERS, NOBODY, RUNNERS, NOBODY),
    "auth/user": ({OWNER}, {OWNER}, {OWNER}, {OWNER}),
}


def signed_in(role=None, *, staff=True, email="colleague@example.org"):
    """Somebody at the desk in this role, or in none."""
    user = User.objects.create_user(email, email, is_staff=staff)
    if role:
        user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def rows():
    """A row of each kind: its page in the admin."""
    event = make_event(series=make_series(), items=[{"title": "P", "minutes": 9, "kind": "panel"}])
    speaker = make_speaker()
    make_assignment(event.agenda_items.get(), make_speaker(group=make_group()))
    registration = make_registration(event, support={"step_free": "A ramp, please."})
    other = User.objects.create_user("other", "other@example.org")
    from events.registration.models import PersonalDataAccess
    from events.registration.outbox.models import OutboxMail

    return {
        "events/event": event,
        "events/agendaitem": event.agenda_items.get(),
        "events/conceptnote": make_note(event),
        "events/venue": event.venue,
        "events/series": event.series,
        "speakers/speaker": speaker,
        "speakers/stakeholdergroup": make_group("un"),
        "speakers/voice": make_voice(),
        "registration/registration": registration,
        "registration/personaldataaccess": PersonalDataAccess.objects.create(what="list"),
        "outbox/outboxmail": OutboxMail.objects.get(),
        "auth/user": other,
    }


def may_open(client, path):
    status = client.get(path).status_code
    assert status in {200, 403}, f"{path}: {status}"
    return status == 200


@pytest.mark.parametrize("role", Role)
def test_role_page_and_action(rows, role):
    client, seen, expected = signed_in(role), {}, {}
    for kind, row in rows.items():
        page = f"/admin/{kind}/{row.pk}/change/"
        seen[kind] = (
            may_open(client, f"/admin/{kind}/") and may_open(client, page),
            may_open(client, f"/admin/{kind}/add/"),
            # Who may only see gets the page, and a 403 for sending it.
            client.post(page, {}).status_code != 403,
            may_open(client, f"/admin/{kind}/{row.pk}/delete/"),
        )
        expected[kind] = tuple(role in who for who in MATRIX[kind])
    assert seen == expected


def test_every_page_of_the_desk_is_in_the_matrix():
    from django.contrib import admin

    registered = {f"{m._meta.app_label}/{m._meta.model_name}" for m in admin.site._registry}
    assert registered == set(MATRIX)


@pytest.mark.parametrize("role", Role)
def test_the_first_page_opens_for_every_role(rows, role):
    assert may_open(signed_in(role), "/admin/")


def test_a_colleague_without_a_role_sees_no_room(rows):
    client = signed_in()
    assert may_open(client, "/admin/")
    assert not any(may_open(client, f"/admin/{kind}/") for kind in MATRIX)
    assert "Roundtable 2" not in client.get("/admin/").content.decode()


def test_an_attendee_gets_403_and_no_detour(rows):
    assert signed_in(staff=False).get("/admin/").status_code == 403


@pytest.mark.parametrize("role", Role)
def test_support_needs_are_the_access_officers(rows, role):
    registration = rows["registration/registration"]
    page = signed_in(role).get(f"/admin/registration/registration/{registration.pk}/change/")
    assert ("A ramp, please." in page.content.decode()) is (role == ACCESS)


@pytest.mark.parametrize("role", Role)
def test_who_is_at_the_table(rows, role):
    """Who sees the page and the file, who writes wishes, and who sees small numbers of voices."""
    client, event = signed_in(role), rows["events/event"]
    page = f"/admin/events/event/{event.pk}/table/"
    assert may_open(client, page) is (role in REGISTRARS)
    assert may_open(client, page.removesuffix("/") + ".csv") is (role in REGISTRARS)
    wish = {f"target_{group.code}": "3" for group in StakeholderGroup.objects.all()}
    assert (client.post(page, wish).status_code, event.table_targets.count()) == (
        (302, len(wish)) if role in RUNNERS else (403, 0)
    )
    if role in REGISTRARS:
        shown = client.get(page)
        assert shown.context["exactly"] is (role in RUNNERS)
        assert ("Save the wishes" in shown.content.decode()) is (role in RUNNERS)


@pytest.mark.parametrize("role", Role)
def test_who_is_at_the_table_is_linked_for_who_may_see_it(rows, role):
    client, event = signed_in(role), rows["events/event"]
    for path in ("/admin/", f"/admin/events/event/{event.pk}/change/"):
        shown = client.get(path).content.decode()
        link = f'href="/admin/events/event/{event.pk}/table/"'
        assert (link in shown) is (role in REGISTRARS)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(
    "asked",
    [
        "speakers/voice/?answers=",
        "speakers/stakeholdergroup/?registrations=",
        "events/event/?registrations=",
        "events/event/?published__exact=1&registrations__in=",
    ],
)
def test_no_list_tells_what_a_person_answered(rows, role, asked):
    event = rows["events/event"]
    registration = make_registration(event, email="v@example.org", voices=[make_voice()])
    key = registration.voice_answers.get().pk if "answers" in asked else registration.pk
    assert signed_in(role).get(f"/admin/{asked}{key}").status_code == 400


def test_a_list_takes_the_filters_it_offers(rows):
    event, client = rows["events/event"], signed_in(OWNER)
    for asked in (
        "speakers/stakeholdergroup/?in_note__exact=1&offered__exact=1",
        "speakers/speaker/?to_be_announced__exact=0&group__isnull=True",
        f"events/event/?stands=coming&published__exact=1&series__id__exact={event.series.pk}",
        "events/event/?starts_at__year=2020&starts_at__month=10",
        "auth/user/?who=colleagues&is_active__exact=1&groups__id__exact=1",
    ):
        assert may_open(client, f"/admin/{asked}"), asked


def test_a_list_of_accounts_does_not_tell_what_their_secrets_begin_with(rows):
    asked = "/admin/auth/user/?password__startswith=!"
    assert signed_in(OWNER).get(asked).status_code == 400


@pytest.mark.parametrize("role", Role)
def test_numbers_of_registrations_on_the_first_page(rows, role):
    assert ("In the room" in signed_in(role).get("/admin/").content.decode()) is (
        role in REGISTRARS
    )


def test_groups_in_the_database_are_the_table():
    written = {
        group.name: {f"{app}.{name}" for app, name in group.permissions.values_list(
            "content_type__app_label", "codename"
        )}
        for group in Group.objects.all()
    }  # fmt: skip
    assert written == {role.value: set(names) for role, names in PERMISSIONS.items()}


def test_migrating_again_mends_a_role():
    group = Group.objects.get(name=EDITOR)
    group.permissions.set([Permission.objects.get(codename="delete_user")])
    call_command("migrate", verbosity=0)
    assert group.permissions.count() == len(PERMISSIONS[EDITOR])
    assert not group.permissions.filter(codename="delete_user").exists()


def test_a_permission_no_model_has_stops_the_migration(monkeypatch):
    monkeypatch.setitem(PERMISSIONS, READER, frozenset({"events.fly_event"}))
    with pytest.raises(KeyError, match=r"events\.fly_event"):
        roles.write_roles()
