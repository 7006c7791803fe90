"""What a test run takes from the machine, and what it says where the machine lacks it.

A pytest plugin (pyproject.toml names it) and one function. The plugin frees the
run from the shell's settings: whatever SITE_URL or ROUNDTABLE_DATA says, the
tests have settings and a data folder of their own. Only DATABASE_URL is kept,
for it chooses the database they run on.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import NoReturn

import pytest

from roundtable.bootstrap import SETTINGS, in_ci

MARK = "NOT TESTED ON THIS MACHINE: "


def lacking(what: str, why: str = "") -> NoReturn:
    """End the test for lack of ``what``: skipped loudly, or failed where CI is true."""
    reason = f"{what} ({why})" if why else what
    if in_ci():
        pytest.fail(f"Lacking {reason}, which may not lack where CI is true.", pytrace=False)
    pytest.skip(MARK + reason)


def pytest_addoption() -> None:
    """Take the shell's settings away and make a data folder.

    Not the hook's usual business, but the one that comes before Django reads
    its settings. A worker of pytest-xdist has its environment from the run
    that started it.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    for name in set(SETTINGS) - {"DATABASE_URL"}:
        os.environ.pop(name, None)
    data = Path(tempfile.mkdtemp(prefix="roundtable-tests-"))
    os.environ["ROUNDTABLE_DATA"] = str(data)
    # Empty: the tests are served straight from the sources. WhiteNoise warns without it.
    (data / "static").mkdir()


def pytest_unconfigure() -> None:
    """Remove the data folder of the run."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        shutil.rmtree(os.environ["ROUNDTABLE_DATA"], ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was lacking, and how many tests each lack cost, where nobody overlooks it."""
    cost: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        _, _, reason = report.longrepr
        if MARK in reason:
            what = reason.partition(MARK)[2]
            cost[what] = cost.get(what, 0) + 1
    for what, tests in sorted(cost.items()):
        terminalreporter.write_sep("!", f"{MARK}{what}: {tests} tests", yellow=True, bold=True)
