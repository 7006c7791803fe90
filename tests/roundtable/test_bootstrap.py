import ast
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from roundtable import bootstrap
from tests.live import PATIENCE, ROOT, environment

# Stands in for an older Python where the machine has none.
PRETEND = (
    "import runpy, sys; sys.version_info = (3, 9, 18, 'final', 0); "
    "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
)
# Something for the bootstrap to hand over to.
MANAGE = "import sys; print('manage.py', *sys.argv[1:])\n"
# A list that no network can help.
NOWHERE = "./no-such-wheel-1.0-py3-none-any.whl --hash=sha256:" + "0" * 64 + "\n"


def bare_clone(folder):
    """Make a clone with nothing to install, so that no network is needed."""
    (folder / "roundtable").mkdir(parents=True)
    shutil.copy(ROOT / "roundtable" / "bootstrap.py", folder / "roundtable")
    (folder / "manage.py").write_text(MANAGE)
    (folder / "requirements.txt").write_text("# nothing\n")
    (folder / "requirements-dev.txt").write_text("# nothing\n")
    return folder


@pytest.fixture
def checkout(tmp_path):
    return bare_clone(tmp_path / "checkout")


@pytest.fixture(scope="module")
def installed_once(tmp_path_factory):
    folder = bare_clone(tmp_path_factory.mktemp("installed") / "checkout")
    assert start(folder) == (0, "Installing packages (once)...\nmanage.py run\n", "")
    return folder


@pytest.fixture
def installed(installed_once, tmp_path):
    """A clone that was started before."""
    return shutil.copytree(installed_once, tmp_path / "checkout", symlinks=True)


def start(checkout, command="run", python=(sys.executable,), **variables):
    """Run the bootstrap as make does; return its code, stdout and stderr."""
    kept = {
        name: value for name, value in environment().items() if name not in {"CI", "PYTHONPATH"}
    }
    done = subprocess.run(
        [*python, str(checkout / "roundtable" / "bootstrap.py"), command],
        env={**kept, **variables},
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def old_pythons():
    """Find Pythons on this machine that are too old, by what they say themselves."""
    names = [f"python3.{minor}" for minor in range(6, 11)]
    found = {shutil.which(name) for name in names} - {None}
    found |= {str(path) for path in Path.home().glob(".pyenv/versions/3.*/bin/python3")}
    for python in sorted(found):
        said = subprocess.run(
            [python, "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"],
            capture_output=True,
            text=True,
            check=False,
        )
        version = tuple(int(part) for part in said.stdout.split(".") if said.returncode == 0)
        if (3, 6) <= version < bootstrap.LEAST:
            yield python, said.stdout.strip()


def refused(version):
    return f"Python 3.11 or newer is needed; this is {version}. Set PYTHON=python3.11, say."


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 1), (3, 14, 2), (4, 0, 0)])
def test_a_python_that_will_do_is_not_refused(version):
    assert bootstrap.refusal_of(version) is None


@pytest.mark.parametrize("version", [(3, 10, 13), (3, 6, 15), (2, 7, 18)])
def test_an_old_python_is_refused(version):
    assert bootstrap.refusal_of(version) == refused(".".join(map(str, version)))


def test_an_old_python_can_parse_the_file_that_refuses_it():
    source = (ROOT / "roundtable" / "bootstrap.py").read_text(encoding="utf-8")
    assert ast.parse(source, feature_version=(3, 6))


def test_an_old_python_is_told_in_one_line(checkout):
    assert start(checkout, python=(sys.executable, "-c", PRETEND)) == (
        1,
        "",
        f"roundtable: {refused('3.9.18')}\n",
    )
    assert not (checkout / ".venv").exists()


def test_every_old_python_of_this_machine_is_told_in_one_line(checkout):
    for python, version in old_pythons():
        assert start(checkout, python=(python,)) == (1, "", f"roundtable: {refused(version)}\n")


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_python_without_the_venv_module_is_told_in_one_line(checkout, module):
    shadow = checkout / "shadow"
    shadow.mkdir()
    (shadow / f"{module}.py").write_text("raise ImportError\n")
    assert start(checkout, PYTHONPATH=str(shadow)) == (
        1,
        "",
        (
            "roundtable: Python's venv module is missing. Install it (on Debian and Ubuntu: "
            "apt-get install python3-venv), or set PYTHON to a Python that has it.\n"
        ),
    )
    assert not (checkout / ".venv").exists()


def test_a_checkout_that_cannot_be_written_is_told_in_one_line(checkout):
    # Root may write anywhere, so a file stands where the folder should be.
    (checkout / ".venv").touch()
    code, _, told = start(checkout)
    assert (code, told) == (
        1,
        (
            "roundtable: the virtual environment .venv can't be made: "
            f"[Errno 17] File exists: '{checkout / '.venv'}'\n"
        ),
    )


@pytest.mark.parametrize("command", ["", "runserver"])
def test_an_unknown_command_is_told_in_one_line(checkout, command):
    said = "roundtable: it takes one of run, organiser, test, check, bench, screenshots.\n"
    assert start(checkout, command) == (1, "", said)


def test_an_organiser_needs_an_address(checkout):
    said = "roundtable: say whom: make organiser EMAIL=amina@example.org\n"
    for email in ("", " "):
        assert start(checkout, "organiser", EMAIL=email) == (1, "", said)
    assert not (checkout / ".venv").exists()


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({"EMAIL": " a@b.org "}, ["--", "a@b.org"]),
        ({"EMAIL": "-x@b.org", "ROLE": "", "SECOND_FACTOR": ""}, ["--", "-x@b.org"]),
        (
            {"EMAIL": "a@b.org", "ROLE": "Access officer", "SECOND_FACTOR": "forget"},
            ["--role=Access officer", "--second-factor=forget", "--", "a@b.org"],
        ),
    ],
)
def test_what_make_was_given_reaches_the_command(given, options):
    assert bootstrap.organiser_options(given) == options


def made_at(checkout):
    return (checkout / ".venv" / "pyvenv.cfg").stat().st_mtime_ns


@pytest.mark.slow
def test_a_bare_clone_gets_its_environment_and_is_handed_over(installed_once):
    assert (installed_once / ".venv" / "bin" / "python").exists()


@pytest.mark.slow
def test_a_second_start_says_and_installs_nothing(installed):
    made = made_at(installed)
    assert start(installed) == (0, "manage.py run\n", "")
    assert made_at(installed) == made


@pytest.mark.slow
def test_a_changed_list_is_installed_into_the_same_environment(installed):
    made = made_at(installed)
    (installed / "requirements.txt").write_text("# nothing more\n")
    assert start(installed) == (0, "Installing packages (once)...\nmanage.py run\n", "")
    assert made_at(installed) == made


@pytest.mark.slow
def test_an_environment_made_by_hand_is_adopted(installed):
    (installed / ".venv" / "roundtable-packages").unlink()
    made = made_at(installed)
    assert start(installed) == (0, "Installing packages (once)...\nmanage.py run\n", "")
    assert made_at(installed) == made


@pytest.mark.slow
@pytest.mark.parametrize("how", ["interrupted", "python gone", "pip gone"])
def test_a_half_made_environment_is_made_anew(installed, how):
    environment = installed / ".venv"
    (environment / "leftover").touch()
    (environment / "roundtable-packages").unlink()
    if how == "interrupted":
        (environment / "roundtable-packages").write_text(bootstrap.UNFINISHED)
    elif how == "python gone":
        for python in (environment / "bin").glob("python*"):
            python.unlink()
    else:
        for pip in environment.glob("lib/*/site-packages/pip"):
            shutil.rmtree(pip)
    assert start(installed) == (0, "Installing packages (once)...\nmanage.py run\n", "")
    assert not (environment / "leftover").exists()


@pytest.mark.slow
def test_two_starts_at_once_agree(checkout):
    with ThreadPoolExecutor(2) as pool:
        ends = list(pool.map(lambda _: start(checkout), range(2)))
    assert sorted(ends, key=lambda end: len(end[1])) == [
        (0, "manage.py run\n", ""),
        (0, "Installing packages (once)...\nmanage.py run\n", ""),
    ]


@pytest.mark.slow
def test_packages_that_cannot_be_had_are_told_in_one_line_and_spoil_nothing(installed):
    before = (installed / ".venv" / "roundtable-packages").read_text()
    (installed / "requirements.txt").write_text(NOWHERE)
    code, said, told = start(installed)
    assert (code, said) == (1, "Installing packages (once)...\n")
    assert told.startswith("roundtable: the packages can't be installed: ERROR: ")
    assert told.count("\n") == 1
    assert (installed / ".venv" / "roundtable-packages").read_text() == before


@pytest.mark.slow
def test_tests_do_without_lint_and_browser_where_they_cannot_be_had(installed):
    (installed / "requirements-dev.txt").write_text(NOWHERE)
    _, said, told = start(installed, "test")
    assert "Lint and browser packages can't be installed: ERROR: " in said
    assert "everyday tests on SQLite" in said
    assert "the packages can't be installed" not in told


@pytest.mark.slow
@pytest.mark.parametrize(("command", "ci"), [("check", ""), ("test", "true")])
def test_what_checks_and_ci_need_must_be_had(installed, command, ci):
    (installed / "requirements-dev.txt").write_text(NOWHERE)
    code, said, told = start(installed, command, CI=ci)
    assert (code, said) == (1, "Installing packages (once)...\n")
    assert told.startswith("roundtable: the packages can't be installed: ERROR: ")


def test_checks_and_tests_run_without_the_settings_of_the_shell(monkeypatch):
    monkeypatch.setenv("SITE_URL", "https://roundtable.example.org")
    monkeypatch.setenv("DATABASE_URL", "postgres://db/x")
    clean = bootstrap.clean_environment("/data")
    assert set(clean) & set(bootstrap.SETTINGS) == {"ROUNDTABLE_DATA"}
    assert clean["ROUNDTABLE_DATA"] == "/data"
    assert clean["PATH"] == os.environ["PATH"]
