import pytest
from django.template import Context, Template
from django.utils.translation import gettext_lazy

from events.models import Event
from events.registration.counties import COUNTIES
from events.registration.links import Power, token_for
from events.registration.queries import with_registration
from tests.factories import make_event, make_group, make_registration


def rendered(source, **values):
    return Template("{% load registration_panel %}" + source).render(Context(values)).strip()


@pytest.mark.parametrize(
    ("items", "sentence"),
    [
        ([], ""),
        (["a"], "a"),
        (["a", "b"], "a or b"),
        (("a", "b", "c"), "a, b or c"),
        ([gettext_lazy("In the room")], "In the room"),
    ],
)
def test_list_of_labels_as_a_sentence_lists_them(items, sentence):
    assert rendered("{% list_of items %}", items=items) == sentence


@pytest.mark.django_db
def test_list_of_rows_names_their_labels():
    groups = [make_group("a", label="Academia"), make_group("b", label="<Business>")]
    assert rendered("{% list_of items %}", items=groups) == "Academia or &lt;Business&gt;"


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
    read = with_registration(Event.objects.all()).get()
    with django_assert_num_queries(0):
        assert rendered("{% registration_panel event %}", event=read) == panel


def test_counties_are_the_47_of_kenya_by_their_codes():
    assert [code for code, _ in COUNTIES] == [f"{number:03}" for number in range(1, 48)]
    assert len({name for _, name in COUNTIES}) == 47
    assert dict(COUNTIES)["032"] == "Nakuru"
