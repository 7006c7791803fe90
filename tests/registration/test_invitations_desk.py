"""Invitations at the desk: the list, one person, a list of many looked at first, reminders."""

from datetime import UTC

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from events.registration import rules
from events.registration.models import (
    Invitation,
    PersonalDataAccess,
    Quota,
    Registration,
    SeatRequest,
)
from events.registration.outbox.models import OutboxMail
from tests.desk import read
from tests.factories import AT, NOW, make_event, make_group, make_organiser, make_registration
from tests.registration.people import mails, words
from tests.registration.test_invitations import UNTIL, accept, holding, make_invitation

pytestmark = pytest.mark.django_db
TERMS = {"expires_at_0": "2020-10-17", "expires_at_1": "06:00:00"}
LIST = (
    "name,email,group,mode\n"
    "Grace Achieng,grace@example.org,cso,in the room\n"
    "Here Already,here@example.org,,\n"
    "Bad,nonsense,,\n"
    "Amina Odhiambo,amina@example.org,,online\n"
)


@pytest.fixture
def organiser():
    client = Client()
    client.force_login(make_organiser())
    return client


@pytest.fixture
def event():
    make_group("cso", label="Civil society")
    return make_event(slug="e")


def page(event, more=""):
    return f"/admin/events/event/{event.pk}/invitations/{more}"


def reader(*names):
    user = User.objects.create_user("reader", is_staff=True)
    for name in ("view_event", *names):
        user.user_permissions.add(Permission.objects.get(codename=name))
    client = Client()
    client.force_login(user)
    return client


# The list


def test_how_each_stands_with_counts_on_top(organiser, event):
    opened = make_invitation(event, "opened@example.org", name="Opened One")
    rules.note_opened(opened, at=AT)
    came = make_invitation(event, "came@example.org", name="Came Along")
    accept(came)
    holding(event, "held@example.org", name="Held For", group=make_group("cso"))
    text = words(organiser.get(page(event)))
    for said in (
        "All: 3",
        "Sent: 1",
        "Opened: 1",
        "Accepted: 1",
        "Declined: 0",
        "Expired: 0",
        "Withdrawn: 0",
        "held@example.org",
        "Civil society",
        "1.3.2026 11:30",
        f"/admin/registration/registration/{Registration.objects.get().pk}/change/",
    ):
        assert said in text  # fmt: skip
    narrowed = words(organiser.get(page(event) + "?state=opened"))
    assert "Opened One" in narrowed
    assert "Held For" not in narrowed
    assert "All: 3" in narrowed
    assert words(organiser.get(page(event) + "?state=x&p=99")).count("data-label") > 0


def test_who_saw_it_is_noted(organiser, event):
    make_invitation(event)
    organiser.get(page(event) + "?state=sent")
    row = PersonalDataAccess.objects.get()
    assert (row.what, row.event, row.number, row.filters) == ("invited", event, 1, "state: sent")


def test_who_may_only_see_changes_nothing(event):
    invitation = make_invitation(event)
    client = reader("view_registration")
    text = words(client.get(page(event)))
    assert "guest@example.org" in text
    assert "Withdraw<" not in text
    for more in ("new/", "list/"):
        assert client.get(page(event, more)).status_code == 403
    for more in ("remind/", f"{invitation.pk}/withdraw/", "new/", "list/"):
        assert client.post(page(event, more)).status_code == 403
    assert Invitation.objects.get().withdrawn_at is None


def test_who_may_not_see_registrations_sees_no_invitations(event):
    assert reader().get(page(event)).status_code == 403
    assert Client().get(page(event)).status_code == 302


def test_an_event_that_is_not_there(organiser):
    assert organiser.get("/admin/events/event/99999/invitations/").status_code == 404
    assert organiser.get("/admin/events/event/x/invitations/").status_code == 404


def test_deleting_the_event_names_nobody(organiser, event):
    make_invitation(event, name="Grace Achieng")
    text = words(organiser.get(f"/admin/events/event/{event.pk}/delete/"))
    assert "Grace Achieng" not in text


@pytest.mark.parametrize("number", [1, 3])
def test_the_list_costs_a_constant_number_of_queries(
    organiser, event, number, django_assert_max_num_queries
):
    for place in range(number):
        accept(make_invitation(event, f"p{place}@example.org", group=make_group("cso")))
    organiser.get(page(event))
    with django_assert_max_num_queries(13):
        organiser.get(page(event))


# One person


def test_one_person_is_invited(organiser, event):
    url = page(event, "new/")
    typed = {**read(organiser.get(url)), **TERMS, "name": "Grace Achieng",
             "email": "grace@example.org", "mode": "in_room", "holds_seat": "on"}  # fmt: skip
    response = organiser.post(url, typed)
    assert (response.status_code, response["Location"]) == (302, page(event))
    row = Invitation.objects.get()
    assert (row.name, row.mode, row.holds_seat, row.expires_at.astimezone(UTC)) == (
        "Grace Achieng", "in_room", True, UNTIL,
    )  # fmt: skip
    assert row.by_name == "organiser"
    assert "The invitation is on its way." in words(organiser.get(page(event)))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"email": "here@example.org"}, "is registered already"),
        ({"holds_seat": "on"}, "a seat can only be held in the room or online: say which"),
        ({"holds_seat": "on", "mode": "in_room"}, "there is no seat left to hold"),
        ({"expires_at_0": "2020-10-01"}, "Choose a time from now until the end of the event."),
        ({"expires_at_0": "2020-11-01"}, "Choose a time from now until the end of the event."),
        ({"name": "buy www.example.com"}, "Please write only your name, without a web address."),
        ({"email": "x"}, "This is not an email address."),
    ],
)
def test_what_can_not_be_is_said_and_nothing_typed_is_lost(organiser, event, typed, sentence):
    Quota.objects.filter(event=event, mode="in_room").update(seats=1)
    make_registration(event, email="here@example.org")
    sent = {**TERMS, "name": "Grace Achieng", "email": "grace@example.org", **typed}
    response = organiser.post(page(event, "new/"), sent)
    assert sentence in words(response)
    held = read(response)
    assert {name: held[name] for name in sent if name != "mode"} == {
        name: value for name, value in sent.items() if name != "mode"
    }
    assert Invitation.objects.count() == 0


# A list


def look(organiser, event, **typed):
    return organiser.post(page(event, "list/"), {**TERMS, "text": LIST, **typed})


def test_first_it_only_looks_then_it_sends(organiser, event):
    make_registration(event, email="here@example.org")
    before = OutboxMail.objects.count()
    response = look(organiser, event, opens_registration="on")
    text = words(response)
    for said in ("2 people will be invited", "Nothing is sent yet.", "is registered already",
                 "This is not an email address."):  # fmt: skip
        assert said in text
    assert text.count("will be invited<") == 3
    assert (Invitation.objects.count(), OutboxMail.objects.count()) == (0, before)
    # Somebody registers between looking and sending.
    make_registration(event, email="amina@example.org")
    confirmed = {**read(response), "confirmed": "Send"}
    assert organiser.post(page(event, "list/"), confirmed).status_code == 302
    row = Invitation.objects.get()
    assert (row.email, row.group.code, row.mode, row.opens_registration, row.holds_seat) == (
        "grace@example.org", "cso", "in_room", True, False,
    )  # fmt: skip
    told = words(organiser.get(page(event)))
    assert "1 invitation is on its way." in told
    assert "3 lines of the list were passed over." in told
    # The same page sent twice invites nobody twice.
    organiser.post(page(event, "list/"), confirmed)
    assert len(mails("grace@example.org")) == 1


def test_a_file_does_the_same_and_can_be_mended_on_the_page(organiser, event):
    file = SimpleUploadedFile("list.csv", ("\ufeff" + LIST.replace(",", ";")).encode())
    response = look(organiser, event, text="", file=file)
    assert "3 people will be invited" in words(response)
    back = organiser.post(page(event, "list/"), {**read(response), "change": "Back"})
    assert "Nothing is sent yet." not in words(back)
    assert read(back)["text"].replace("\r", "").strip() == LIST.replace(",", ";").strip()
    assert read(back)["expires_at_0"] == "2020-10-17"
    late = SimpleUploadedFile("list.csv", LIST.encode())
    wrong = look(organiser, event, text="", file=late, expires_at_0="2020-10-01")
    assert "Choose a time from now" in words(wrong)
    assert read(wrong)["text"].strip() == LIST.strip()


def test_seats_are_held_as_long_as_there_are_any(organiser, event):
    Quota.objects.filter(event=event).update(seats=1)
    text = "name,email,mode\nA,a@example.org,online\nB,b@example.org,online\nC,c@example.org,\n"
    response = look(organiser, event, text=text, holds_seat="on")
    said = words(response)
    assert "1 person will be invited" in said
    assert "there is no seat left to hold" in said
    assert "say which" in said
    organiser.post(page(event, "list/"), {**read(response), "confirmed": "Send"})
    make_registration(event, email="walk-in@example.org", mode="online")
    assert Invitation.objects.get().holds_seat
    assert SeatRequest.objects.get().status == "waiting"


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"text": " "}, "Choose a file, or paste the list."),
        ({"text": "x"}, "The first line must name the columns"),
        ({"file": SimpleUploadedFile("a.csv", b"\xff\xfe")}, "We can't read this file."),
        ({"file": SimpleUploadedFile("a.csv", b"x" * 200_001)}, "This list is too long."),
        ({"file": SimpleUploadedFile("a.csv", b"")}, "The submitted file is empty."),
        ({"expires_at_0": ""}, "Say until when it can be answered."),
    ],
)
def test_what_is_no_list_is_said(organiser, event, typed, sentence):
    response = look(organiser, event, **typed)
    assert sentence in words(response)
    assert read(response)["expires_at_1"] == "06:00:00"
    assert Invitation.objects.count() == 0


def test_to_a_draft_nobody_is_invited(organiser):
    event = make_event(published=False)
    response = look(organiser, event)
    assert "The event is not on the site yet." in words(response)
    assert read(response)["text"].strip() == LIST.strip()


# Reminding and taking back


def test_reminding_and_withdrawing(organiser, event):
    old = holding(event, at=AT)
    assert "Remind those who have not answered (1)" in words(organiser.get(page(event)))
    assert organiser.get(page(event, "remind/")).status_code == 405
    assert organiser.post(page(event, "remind/")).status_code == 302
    text = words(organiser.get(page(event)))
    assert "1 person is reminded." in text
    assert "Remind those" not in text
    assert len(mails("guest@example.org")) == 2
    organiser.post(page(event, f"{old.pk}/withdraw/"))
    assert Invitation.objects.get().state(NOW) == "withdrawn"
    other = make_event()
    assert organiser.post(page(other, f"{old.pk}/withdraw/")).status_code == 404
    came = make_invitation(event, "came@example.org")
    accept(came)
    organiser.post(page(event, f"{came.pk}/withdraw/"))
    assert "She said yes already." in words(organiser.get(page(event)))


def test_fewer_seats_than_are_held_are_refused_in_true_words(organiser, event):
    from tests.desk import address

    Quota.objects.filter(event=event, mode="in_room").update(seats=2)
    holding(event)
    form = read(organiser.get(address(event)))
    prefix = next(name[:-5] for name, value in form.items()
                  if name.startswith("quotas-") and name.endswith("-mode")
                  and value == ["in_room"])  # fmt: skip
    response = organiser.post(address(event), {**form, f"{prefix}-seats": "0"})
    assert "1 seat is held for somebody invited, and 0 taken." in words(response)
