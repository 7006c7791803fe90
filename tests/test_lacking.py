import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live import PATIENCE, ROOT, environment

SUITE = """
import os
from tests.lacking import lacking

def test_that_needs_it():
    lacking("a typewriter", "ribbon is not installed")

def test_that_needs_it_too():
    lacking("a typewriter", "ribbon is not installed")

def test_that_needs_nothing():
    assert "SITE_URL" not in os.environ
    assert os.path.isdir(os.environ["ROUNDTABLE_DATA"])
    print(os.environ["ROUNDTABLE_DATA"])
"""


@pytest.fixture
def run_suite(tmp_path):
    """Run a small suite with the plugin; return its code and what it printed."""

    def run(*options, **variables):
        (tmp_path / "test_suite.py").write_text(SUITE)
        (tmp_path / "pytest.ini").write_text("[pytest]\n")
        kept = {name: value for name, value in environment().items() if name != "CI"}
        kept = {name: value for name, value in kept.items() if not name.startswith("PYTEST")}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "tests.lacking", "-p", "no:django", *options],
            cwd=tmp_path,
            env={**kept, "PYTHONPATH": str(ROOT), **variables},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.returncode, done.stdout

    return run


@pytest.mark.parametrize("options", [(), ("-n", "1")])
def test_what_lacks_is_skipped_and_named_loudly_with_its_cost(run_suite, options):
    code, said = run_suite(*options)
    assert code == 0
    assert "1 passed, 2 skipped" in said
    assert "! NOT TESTED ON THIS MACHINE: a typewriter (ribbon is not installed): 2 tests !" in said


def test_what_lacks_fails_where_ci_is_true(run_suite):
    code, said = run_suite(CI="true")
    assert code == 1
    assert "2 failed, 1 passed" in said
    assert "Lacking a typewriter (ribbon is not installed)" in said


def test_the_settings_of_the_shell_do_not_reach_the_tests(run_suite, tmp_path):
    shell = {"SITE_URL": "https://roundtable.example.org", "ROUNDTABLE_DATA": str(tmp_path)}
    code, said = run_suite("-s", "-k", "nothing", **shell)
    assert code == 0
    [data] = re.findall(r"/\S*roundtable-tests-\w+", said)
    assert not Path(data).exists()
    assert tmp_path.exists()
