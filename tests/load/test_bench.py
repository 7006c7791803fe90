"""The benchmark goes on working. What it measures is for `make bench` to say."""

import pytest

from tests.load import bench


@pytest.mark.slow
def test_it_measures_the_bare_view_and_registering_beside_each_other(monkeypatch, capsys):
    monkeypatch.setattr(bench, "PEOPLE", 8)
    monkeypatch.setattr(bench, "ALREADY_THERE", (0, 20))
    bench.run("This database")
    told = [line[:34].strip() for line in capsys.readouterr().out.splitlines()]
    assert told == [
        "",
        "This database, 8 people, 8 at a ti",
        "",
        "bare view, one row",
        "registering, 0 there already",
        "registering, 20 there already",
    ]
