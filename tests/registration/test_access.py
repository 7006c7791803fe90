"""Who saw whose data is noted, and nothing is shown that can't be noted."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import DatabaseError, connection
from django.test import Client

from events.registration import access, rules
from events.registration.models import PersonalDataAccess, Registration
from tests.factories import AT, NOW, make_event, make_organiser, make_registration, make_voice
from tests.registration.people import words

pytestmark = pytest.mark.django_db
LIST = "/admin/registration/registration/"
SUPPORT = f"{LIST}support/"
LOG = "/admin/registration/personaldataaccess/"


def signed_in(*permissions, username="colleague"):
    user = User.objects.create_user(username, email=f"{username}@example.org", is_staff=True)
    for name in permissions:
        user.user_permissions.add(Permission.objects.get(codename=name))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def event():
    return make_event(number=2)


@pytest.fixture
def registration(event):
    return make_registration(
        event,
        support={"captions": "I read lips."},
        voices=[make_voice("refugees", label="Refugees")],
    )


@pytest.fixture
def organiser():
    client = Client()
    client.force_login(make_organiser())
    return client


def noted():
    return [
        (row.what, row.by_name, row.reference, row.number, row.filters)
        for row in PersonalDataAccess.objects.order_by("pk")
    ]


def person_page(registration):
    return f"{LIST}{registration.pk}/change/"


# What is noted


def test_the_list_is_noted_with_its_filters_but_not_what_was_searched_for(registration):
    client = signed_in("view_registration")
    client.get(LIST)
    client.get(LIST, {"event__id__exact": registration.event_id, "q": "Wanjiru", "p": "1"})
    assert noted() == [
        ("list", "colleague@example.org", "", 1, ""),
        (
            "list", "colleague@example.org", "", 1,
            f"event__id__exact={registration.event_id}&q=…",
        ),
    ]  # fmt: skip
    assert PersonalDataAccess.objects.latest("pk").event == registration.event


def test_a_persons_page_is_noted_by_her_reference(registration):
    signed_in("view_registration").get(person_page(registration))
    assert noted() == [("person", "colleague@example.org", registration.reference, 1, "")]


def test_support_needs_are_noted_beside(registration):
    signed_in("view_registration", "view_supportneed").get(person_page(registration))
    assert [row[0] for row in noted()] == ["person", "support"]


@pytest.mark.parametrize("page", ["address", "decline", "give-up"])
def test_the_small_pages_are_noted_too(organiser, registration, page):
    organiser.get(f"{LIST}{registration.pk}/{page}/")
    assert noted() == [("person", "organiser", registration.reference, 1, "")]


def test_the_page_before_erasing_is_noted(organiser, registration):
    organiser.get(f"{LIST}{registration.pk}/delete/")
    assert noted() == [("list", "organiser", "", 1, "")]


def test_looking_again_within_the_hour_is_counted_in_the_same_row(registration):
    event, by = registration.event, make_organiser()

    def look(minutes, **fields):
        access.record(
            "list", by=fields.pop("by", by), at=AT + timedelta(minutes=minutes), event=event,
            number=50, **fields,
        )  # fmt: skip

    look(0)
    look(59)
    look(1, filters="seat=none")
    look(1, by=make_organiser("other"))
    assert [row[3] for row in noted()] == [100, 50, 50]
    first = PersonalDataAccess.objects.earliest("pk")
    assert (first.at, first.last_at) == (AT, AT + timedelta(minutes=59))
    look(60)
    assert len(noted()) == 4


def test_each_export_has_a_row_of_its_own(registration):
    for _ in range(2):
        access.record("export", by=None, at=AT, number=7, columns=["name"])
    assert [row[3] for row in noted()] == [7, 7]


def test_nobody_signed_in_is_noted_as_nobody():
    access.record("list", by=AnonymousUser(), at=AT)
    row = PersonalDataAccess.objects.get()
    assert (row.by, row.by_name) == (None, "")


def test_a_colleagues_name_stays_when_the_account_is_gone(registration):
    signed_in("view_registration").get(LIST)
    User.objects.all().delete()
    row = PersonalDataAccess.objects.get()
    assert (row.by, row.by_name) == (None, "colleague@example.org")


def test_who_may_not_look_is_not_noted(registration):
    client = signed_in("view_event")
    assert client.get(LIST).status_code == 403
    assert client.get(person_page(registration)).status_code == 403
    assert noted() == []


@pytest.mark.parametrize("page", ["list", "person", "support", "export", "address", "delete"])
def test_without_a_log_nothing_is_shown(organiser, registration, page):
    ask = {
        "list": lambda: organiser.get(LIST),
        "person": lambda: organiser.get(person_page(registration)),
        "support": lambda: organiser.get(SUPPORT),
        "export": lambda: organiser.post(f"{LIST}export/", {"columns": ["name"], "format": "csv"}),
        "address": lambda: organiser.get(f"{LIST}{registration.pk}/address/"),
        "delete": lambda: organiser.get(f"{LIST}{registration.pk}/delete/"),
    }[page]
    assert ask().status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registration_personaldataaccess RENAME TO gone")
    with pytest.raises(DatabaseError):
        ask()


# Who reads it


def test_the_log_names_no_attendee(organiser, registration):
    organiser.get(LIST, {"q": "Wanjiru"})
    organiser.get(person_page(registration))
    shown = words(organiser.get(LOG))
    assert registration.reference in shown
    for secret in ("Wanjiru", "Kamau", "wanjiru@", "lips", "captions"):
        assert secret not in shown


def test_the_log_is_read_only(organiser, registration):
    organiser.get(LIST)
    row = PersonalDataAccess.objects.get()
    assert organiser.get(LOG).status_code == 200
    for page in ("add/", f"{row.pk}/delete/"):
        assert organiser.get(f"{LOG}{page}").status_code == 403
    assert organiser.post(f"{LOG}{row.pk}/change/", {"what": "erased"}).status_code == 403
    organiser.post(LOG, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert PersonalDataAccess.objects.get().what == "list"


def test_the_log_is_for_who_may_see_it(registration):
    assert signed_in("view_registration").get(LOG).status_code == 403
    may = signed_in("view_personaldataaccess", username="owner")
    assert may.get(LOG).status_code == 200
    assert may.get(LOG, {"what__exact": "list", "q": "x"}).status_code == 200


def test_the_log_tells_all_times_in_one_zone(organiser, event):
    elsewhere = make_event(zone="Asia/Kathmandu")
    for about in (None, event, elsewhere):
        access.record("list", by=None, at=AT, event=about)
    PersonalDataAccess.objects.filter(event=elsewhere).update(last_at=AT + timedelta(hours=1))
    shown = words(organiser.get(LOG))
    times = re.findall(r"01\.03\.2026 \d\d:\d\d \S+?(?=<)", shown)
    assert times == ["01.03.2026 11:30 EAT", "01.03.2026 12:30 EAT", *["01.03.2026 11:30 EAT"] * 2]


@pytest.mark.parametrize(
    ("number", "counted"), [(0, "0 entries"), (1, "1 entry"), (8, "8 entries")]
)
def test_the_log_counts_entries(organiser, number, counted):
    PersonalDataAccess.objects.bulk_create(
        PersonalDataAccess(what="list", by_name="x") for _ in range(number)
    )
    found = re.search(r'<p class="paginator">(.*?)</p>', words(organiser.get(LOG)), re.DOTALL)
    assert " ".join(found[1].split()) == counted


@pytest.mark.parametrize("number", [1, 3, 300])
def test_the_log_costs_a_constant_number_of_queries(
    organiser, event, number, django_assert_num_queries
):
    PersonalDataAccess.objects.bulk_create(
        PersonalDataAccess(what="list", by_name="x", event=event) for _ in range(number)
    )
    with django_assert_num_queries(5):
        assert organiser.get(LOG).status_code == 200


# Erasing leaves no name


def test_erasing_leaves_her_name_nowhere(organiser, registration):
    kind = ContentType.objects.get_for_model(Registration)
    user = User.objects.get()
    LogEntry.objects.create(
        user=user, content_type=kind, object_id=registration.pk, object_repr="Wanjiru Kamau",
        action_flag=2,
    )  # fmt: skip
    organiser.post(person_page(registration), {"name": "x"})
    organiser.post(f"{LIST}{registration.pk}/delete/", {"post": "yes"})
    assert Registration.objects.count() == LogEntry.objects.count() == 0
    assert ("erased", "organiser", "", 1, "") in noted()


def test_erasing_several_is_one_row_with_their_number(organiser, event, registration):
    make_registration(event, email="b@example.org")
    keys = list(Registration.objects.values_list("pk", flat=True))
    organiser.post(LIST, {"action": "delete_selected", "_selected_action": keys, "post": "yes"})
    assert Registration.objects.count() == 0
    assert PersonalDataAccess.objects.get(what="erased").number == 2


# Support needs


@pytest.fixture
def officer():
    return signed_in("view_registration", "view_supportneed", username="officer")


def test_support_page_groups_by_kind_with_counts_and_who(officer, event, registration):
    make_registration(
        event, name="Otieno", email="b@example.org", mode="online",
        support={"captions": "", "braille": "Grade 2."},
    )  # fmt: skip
    gone = make_registration(event, name="Gone", email="c@example.org", support={"captions": ""})
    rules.cancel(gone, now=NOW, at=AT)
    make_registration(make_event(), name="Elsewhere", support={"captions": ""})
    shown = " ".join(words(officer.get(SUPPORT, {"event": event.pk})).split())
    assert "2 people asked for support." in shown
    assert "Live captions (2)" in shown
    assert "Papers in Braille (1)" in shown
    assert "I read lips." in shown
    assert 'Otieno</strong> · Online: Confirmed<br><span dir="auto">Grade 2.' in shown
    for nobody in ("Gone", "Elsewhere", "refugees", "Refugees"):
        assert nobody not in shown
    row = PersonalDataAccess.objects.get()
    assert (row.what, row.event, row.number, row.by_name) == (
        "support", event, 2, "officer@example.org",
    )  # fmt: skip


def test_support_page_tells_who_waits_for_a_seat(officer, db):
    event = make_event(quotas={"in_room": 0})
    make_registration(event, name="Otieno", support={"captions": ""})
    shown = words(officer.get(SUPPORT, {"event": event.pk}))
    assert "Otieno</strong> · In the room: On the waiting list</li>" in shown


@pytest.mark.parametrize(
    "permissions", [[], ["view_registration", "change_registration", "export_registration"]]
)
def test_support_page_is_the_access_officers(registration, permissions):
    client = signed_in(*permissions)
    assert client.get(SUPPORT).status_code == 403
    if permissions:
        assert "support/" not in words(client.get(LIST))


def test_support_page_opens_on_an_event_and_takes_junk(officer, registration):
    assert "I read lips." in words(officer.get(SUPPORT))
    for junk in ("abc", "999999", "9" * 40, "1\x00", "-1"):
        response = officer.get(SUPPORT, {"event": junk})
        assert response.status_code == 200
        assert "There is no such event." in words(response)


def test_support_page_without_any_event(officer):
    assert "There is no such event." in words(officer.get(SUPPORT))


@pytest.mark.parametrize("number", [1, 3, 300])
def test_support_page_costs_a_constant_number_of_queries(
    officer, event, number, django_assert_num_queries
):
    from tests.registration.crowd import make_crowd

    (crowded, *_others) = make_crowd(number, events=1)
    from events.registration.models import SupportNeed

    SupportNeed.objects.all().delete()
    SupportNeed.objects.bulk_create(
        SupportNeed(registration=row, kind="braille") for row in Registration.objects.all()
    )
    with django_assert_num_queries(11):
        shown = words(officer.get(SUPPORT, {"event": crowded.pk}))
    assert f"({number})" in shown


# Who may not see them learns nothing


SECRETS = ("captions", "lips", "support", "refugees", "voice")


@pytest.fixture
def runner():
    """An organiser who may do all but see support needs."""
    return signed_in(
        "view_registration", "change_registration", "delete_registration", "export_registration",
        "view_outboxmail", "view_consent", username="runner",
    )  # fmt: skip


def test_no_page_tells_who_asked_for_support(runner, registration):
    from tests.factories import make_details

    rules.change(registration, make_details(support={"braille": "Grade 2."}), now=NOW, at=AT)
    for path in (
        LIST, person_page(registration), f"{LIST}{registration.pk}/delete/", f"{LIST}export/",
        f"{LIST}{registration.pk}/address/", "/admin/", f"{LIST}?q=Wanjiru",
    ):  # fmt: skip
        shown = words(runner.get(path)).lower()
        for secret in (*SECRETS, "braille", "changed her answers"):
            assert secret not in shown, path


def test_history_tells_the_officer_that_support_changed(officer, registration):
    from tests.factories import make_details

    rules.change(registration, make_details(support={"braille": "Grade 2."}), now=NOW, at=AT)
    assert "Changed her answers: <bdi>support</bdi>" in words(
        officer.get(person_page(registration))
    )


@pytest.mark.parametrize(
    "query",
    [
        "support=yes", "support=no", "support_needs__isnull=False", "support_needs=1",
        "support_needs__kind=captions", "support_needs__note__icontains=lips",
        "voice_answers__isnull=False", "voice_answers__voice=1", "history__fields=x",
        "consents__given=1",
    ],
)  # fmt: skip
def test_no_question_in_the_address_tells_who_asked_for_support(runner, event, query):
    asked = make_registration(event, name="Asked", support={"captions": "I read lips."},
                              voices=[make_voice()])  # fmt: skip
    make_registration(event, name="Other", email="b@example.org")
    for path in (LIST, f"{LIST}export/"):
        shown = words(runner.get(f"{path}?{query}", follow=True))
        if path == LIST:
            assert asked.name in shown
            assert "Other" in shown
        else:
            assert "2 people, as the list is filtered now." in shown
    content = runner.post(f"{LIST}export/?{query}", {"columns": ["name"], "format": "csv"})
    assert content.status_code == 302


def test_the_officer_filters_by_support(officer, event):
    make_registration(event, name="Asked", support={"captions": ""})
    make_registration(event, name="Other", email="b@example.org")
    for value, names in (("yes", {"Asked"}), ("no", {"Other"}), ("junk", {"Asked", "Other"})):
        response = officer.get(LIST, {"support": value})
        assert {row.name for row in response.context["cl"].result_list} == names
    assert PersonalDataAccess.objects.filter(filters="support=yes").count() == 1


def test_nobody_is_looked_up_from_other_forms(organiser, registration):
    """Django would answer with names to any field that points at a registration."""
    query = {
        "app_label": "registration", "model_name": "registration", "field_name": "contact",
        "term": "Wanjiru",
    }  # fmt: skip
    response = organiser.get("/admin/autocomplete/", query)
    assert response.status_code == 200
    assert response.json()["results"] == []
