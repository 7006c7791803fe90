"""The house as DESIGN.md has it: who may import whom, and what templates may hold."""

import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.template.loader import get_template

from tests.live import PATIENCE, ROOT

ROOMS = ("roundtable", "events", "speakers")
TEMPLATES = ROOT / "templates"
NAMES = sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*") if path.is_file())
# Mail programs read no style sheet, and their HTML never is a page of the site.
PAGES = [name for name in NAMES if "/mail/" not in name]


def lint_imports(folder):
    """Return which contracts are kept, by name, for the source in that folder."""
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()",
         "--no-cache"],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "", "COLUMNS": "200", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )  # fmt: skip
    verdicts = re.findall(r"^(.+?) (KEPT|BROKEN)$", done.stdout, re.MULTILINE)
    assert verdicts, done.stdout + done.stderr
    assert (done.returncode == 0) is all(verdict == "KEPT" for _, verdict in verdicts)
    return {name.strip(): verdict == "KEPT" for name, verdict in verdicts}


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the source, to plant things in."""
    folder = tmp_path_factory.mktemp("house")
    for room in ROOMS:
        shutil.copytree(ROOT / room, folder / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


HOUSE = "The house: imports point down"
EVENTS = "Inside events: registration above, then pages, then builders and rules, then models"
REGISTRATION = "Inside registration"
RULES = "Inside the rules of registration"
OUTBOX = "The outbox knows no event"
ALLAUTH = "Only the composition root names allauth"


def test_imports_point_down(copy):
    assert lint_imports(copy) == {
        HOUSE: True, EVENTS: True, REGISTRATION: True, RULES: True, OUTBOX: True, ALLAUTH: True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("speakers/views.py", "from events import apps", {HOUSE}),
        ("events/rules.py", "from events.registration import counties", {EVENTS}),
        ("events/models.py", "def late():\n    from events import clock", {EVENTS}),
        ("events/registration/forms.py", "from events.registration import views", {REGISTRATION}),
        (
            "events/registration/rules/giving.py",
            "from events.registration.rules import people",
            {RULES},
        ),
        ("events/registration/outbox/models.py", "import events.models", {OUTBOX}),
        ("events/views.py", "import allauth.account", {ALLAUTH}),
        ("events/somewhere.py", "", {EVENTS}),
    ],
)
def test_import_that_points_up_breaks_its_contract_and_no_other(copy, file, line, broken):
    path = copy / file
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
    try:
        verdicts = lint_imports(copy)
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_text(before, encoding="utf-8")
    assert {name for name, kept in verdicts.items() if not kept} == broken


@pytest.mark.django_db
def test_no_migration_is_missing():
    output = StringIO()
    call_command("makemigrations", "--check", "--dry-run", stdout=output)
    assert output.getvalue() == "No changes detected\n"


def test_every_folder_of_tests_is_a_package():
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")
               if "node_modules" not in path.parts}  # fmt: skip
    assert [
        str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()
    ] == []
    assert len(folders) > 4


def test_top_level_is_what_design_names():
    allowed = {
        "manage.py", "roundtable", "events", "speakers", "templates", "static", "tests",
        "requirements.txt", "README.md", "Makefile", "pyproject.toml", "requirements-dev.txt",
        "docs",
    }  # fmt: skip
    done = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    # A copy of the files without their history has nothing to look at but the folder.
    names = done.stdout.split() or [path.name for path in ROOT.iterdir()]
    top = {Path(name).parts[0] for name in names}
    kept = {name for name in top if not name.startswith(".")} - {"var"}
    assert kept <= allowed


# Templates


@pytest.mark.parametrize("name", NAMES)
def test_template_compiles(name):
    assert get_template(name).template.name == name


class Inline(HTMLParser):
    """Collects what a strict policy would not run or show."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "style" or (tag == "script" and "src" not in given):
            self.found.append(f"<{tag}>")
        self.found += [name for name in given if name == "style" or name.startswith("on")]
        for name in ("href", "src", "action", "formaction"):
            if (given.get(name) or "").strip().lower().startswith(("javascript:", "data:")):
                self.found.append(given[name])


def inline(source):
    """Return what is inline in a template, whatever its tags decide."""
    reader = Inline()
    # A tag within a tag would end it for the parser.
    reader.feed(re.sub(r"{%.*?%}|{{.*?}}|{#.*?#}", " ", source, flags=re.DOTALL))
    return reader.found


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<script>x()</script>", ["<script>"]),
        ("<style>p{}</style>", ["<style>"]),
        ('<p {% if x %}style="color:red"{% endif %}>', ["style"]),
        ("<p onclick='x()'>", ["onclick"]),
        ('<a href="javascript:x()">', ["javascript:x()"]),
        ('<script defer src="{% static "x.js" %}"></script>', []),
        ('<p class="style" data-one="on">on time, style=plain</p>', []),
    ],
)
def test_what_counts_as_inline(source, found):
    assert inline(source) == found


@pytest.mark.parametrize("name", PAGES)
def test_template_holds_no_inline_script_or_style(name):
    assert inline((TEMPLATES / name).read_text(encoding="utf-8")) == []


def test_templates_name_no_other_host():
    # The sitemap's name space is a name and no address to fetch.
    allowed = {"http://www.sitemaps.org/schemas/sitemap/0.9"}
    for name in NAMES:
        source = (TEMPLATES / name).read_text(encoding="utf-8")
        assert set(re.findall(r"https?://[^\s\"'<{]+", source)) <= allowed, name
