"""A hundred thousand people: the list is read by its index, and the export holds few at a time."""

import resource

import pytest
from django.db import connection

from events.registration import exports
from events.registration.models import Registration
from tests.registration.crowd import PEOPLE, make_crowd

pytestmark = [pytest.mark.slow, pytest.mark.django_db]
# All rows at once are several hundred megabytes.
MOST_MEGABYTES = 60


def test_a_hundred_thousand_people_are_listed_and_exported():
    event, *_others = make_crowd()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    for people in (Registration.objects.all(), Registration.objects.filter(event=event)):
        plan = people[:50].explain()
        assert "registration_newest" in plan
        assert "Sort" not in plan
        assert "TEMP B-TREE" not in plan
    columns = [column for column in exports.COLUMNS if column.name != "question"]
    everybody = Registration.objects.all()
    # Once for a few, so that what is loaded but once does not count.
    exports.as_xlsx(everybody.none(), columns).close()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines = sum(part.count(b"\r\n") for part in exports.as_csv(everybody, columns))
    assert lines == PEOPLE + 1
    with exports.as_xlsx(everybody, columns) as file:
        assert file.read(2) == b"PK"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown / 1024 < MOST_MEGABYTES
