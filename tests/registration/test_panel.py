from xml.etree import ElementTree as ET

import pytest
from django.template import Context, Template

from events.models import Event
from events.registration.counties import COUNTIES
from events.registration.links import Power, token_for
from events.registration.queries import with_registration
from tests.factories import make_event, make_group, make_registration


def rendered(source, **values):
    return Template("{% load registration_panel %}" + source).render(Context(values)).strip()


@pytest.mark.django_db
def test_manage_token_opens_that_persons_page():
    registration = make_registration(make_event())
    token = rendered("{% manage_token person %}", person=registration)
    assert token == token_for(registration, Power.MANAGE)


@pytest.mark.django_db
def test_panel_leads_to_the_form_at_one_query_or_none(django_assert_num_queries):
    event = make_event()
    with django_assert_num_queries(1):
        panel = rendered("{% registration_panel event %}", event=event)
    assert f'href="/events/{event.slug}/register/"' in panel
    assert "Registration is open" in panel
    read = with_registration(Event.objects.all(), places=True).get()
    with django_assert_num_queries(0):
        assert rendered("{% registration_panel event %}", event=read) == panel


def test_counties_are_the_47_of_kenya_by_their_codes():
    assert [code for code, _ in COUNTIES] == [f"{number:03}" for number in range(1, 48)]
    assert len({name for _, name in COUNTIES}) == 47
    assert dict(COUNTIES)["032"] == "Nakuru"


# Whom the table misses


def shown(event):
    return rendered("{% open_seats event %}", event=event)


@pytest.fixture
def inviting(db):
    """An event that invites two groups of the note."""
    make_group("a", label="Academia", position=1, in_note=True)
    make_group("b", label="Health, <planning>", position=2, in_note=True)
    make_group("c", label="Media")
    return make_event(slug="e", settings={"shows_open_seats": True})


def test_missing_groups_are_invited_kindly_and_never_counted(inviting, django_assert_num_queries):
    make_registration(inviting, group=make_group("a"))
    with django_assert_num_queries(1):
        section = shown(inviting)
    assert "Still an open seat at the table for:" in section
    assert "<li>Health, &lt;planning&gt;</li>" in section
    assert "<li>Academia</li>" not in section
    assert "At the table already: Academia." in section
    assert "You are missed: come, or tell somebody who can." in section
    assert 'href="/events/e/register/"' in section
    assert "Media" not in section
    assert not any(sign.isdigit() for sign in section.replace("h2", ""))
    drawn = ET.fromstring(rendered("{% table_from_above event %}", event=inviting))
    assert [seat.get("class") for seat in drawn.iter() if seat.tag.endswith("}g")
            ] == ["taken", "open"]  # fmt: skip


def test_when_nobody_is_missing_that_is_said(inviting):
    for code in ("a", "b"):
        make_registration(inviting, group=make_group(code), email=f"{code}@example.org")
    section = shown(inviting)
    assert "Every group we hoped for has come." in section
    assert "Still an open seat" not in section
    assert "At the table already: Academia; Health, &lt;planning&gt;." in section


def test_nothing_is_shown_where_organisers_do_not_wish_it(inviting, django_assert_num_queries):
    assert shown(make_event()) == ""
    table = "{% table_from_above event %}"
    alike = rendered(table, event=make_event())
    assert 'aria-hidden="true"' in alike
    assert rendered(table, event=inviting) != alike
    inviting.registration_settings.stopped = True
    inviting.registration_settings.save()
    assert shown(inviting) == ""
    # It tells nothing then, whoever has come.
    make_registration(make_event(slug="other"), group=make_group("a"))
    assert rendered(table, event=inviting) == alike
    assert rendered(table, event=Event.objects.get(slug="other")) == alike


def test_plain_text_invites_too(inviting, django_assert_num_queries):
    line = '{% registration_line event "https://x.org" %}'
    with django_assert_num_queries(1):
        text = rendered(line, event=inviting)
    assert text.endswith("Still an open seat at the table for:\n- Academia\n- Health, <planning>")
    assert "open seat" not in rendered(line, event=make_event())


def test_panel_and_open_seats_of_one_page_read_once(inviting, django_assert_num_queries):
    both = "{% table_from_above event %}{% registration_panel event %}{% open_seats event %}"
    with django_assert_num_queries(1):
        shown_both = rendered(both, event=inviting)
    assert "Registration is open" in shown_both
    assert "Still an open seat" in shown_both
    # Another event on the same page is read by itself.
    other = make_event()
    with django_assert_num_queries(2):
        rendered(both + both.replace("event %", "other %"), event=inviting, other=other)
