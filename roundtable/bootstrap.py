"""From a bare clone to the project's commands: ``python3 roundtable/bootstrap.py run``.

Any Python may be asked to run this file, so it uses the standard library only
and parses on Python 3.6: an old one gets a sentence, not a syntax error. It
makes the virtual environment, installs the pinned packages, and hands over to
what was asked for. What can't work is told in one line, with a non-zero end.
"""

import contextlib
import hashlib
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from typing import Dict, Iterator, List, Mapping, Optional, Tuple

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

LEAST = (3, 11)
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
# Which lists stand installed, by their hashes. While packages are being
# installed it reads UNFINISHED: an environment left like that is made anew.
STAMP = os.path.join(VENV, "roundtable-packages")
UNFINISHED = "unfinished\n"

# Every setting of the environment (a test compares them with settings.py).
# The checks and the tests run without them, whatever the shell has set.
SETTINGS = (
    "ALLOWED_HOSTS",
    "CACHE_URL",
    "CONTACT_EMAIL",
    "CONTROLLER",
    "DATABASE_URL",
    "DEBUG",
    "EMAIL_URL",
    "EMBED_WORKER",
    "HOST",
    "PORT",
    "ROUNDTABLE_CLOCK",
    "ROUNDTABLE_DATA",
    "SECRET_KEY",
    "SECRET_KEY_FALLBACKS",
    "SITE_URL",
    "TRUSTED_PROXIES",
    "WEB_CONCURRENCY",
)

# The commands, and those of them that need more than what runs.
COMMANDS = ("run", "organiser", "test", "check", "bench", "screenshots")
DEVELOPERS = ("test", "check", "screenshots")

# How tests.postgres ends where the machine has no PostgreSQL.
LACKING = 77


def refuse(sentence: str) -> None:
    """End with one line for the person at the terminal."""
    sys.exit("roundtable: " + sentence)


def refusal_of(version: Tuple[int, ...]) -> Optional[str]:
    """Say why this version of Python won't do, or return None."""
    if tuple(version[:2]) >= LEAST:
        return None
    return "Python {0}.{1} or newer is needed; this is {2}. Set PYTHON=python{0}.{1}, say.".format(
        *LEAST, ".".join(str(part) for part in version[:3])
    )


# The environment and its packages


def fingerprint(packages: str) -> str:
    """Return what the stamp says of a list that stands installed."""
    with open(os.path.join(ROOT, packages), "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    return "%s python%d.%d %s" % (packages, sys.version_info[0], sys.version_info[1], digest)


def stamp() -> str:
    """Return the stamp's text; empty where there is none."""
    try:
        with open(STAMP, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return ""


def write_stamp(text: str) -> None:
    """Write the stamp whole or not at all."""
    with open(STAMP + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(STAMP + ".new", STAMP)


def is_installed(packages: str) -> bool:
    """Whether the list stands installed as it is now, for this Python."""
    return os.path.exists(PYTHON) and fingerprint(packages) in stamp().splitlines()


@contextlib.contextmanager
def only_one() -> Iterator[int]:
    """Let one start at a time install; yield the descriptor that holds the lock."""
    lock = os.open(ROOT, os.O_RDONLY)
    try:
        if fcntl:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock
    finally:
        os.close(lock)


def works() -> bool:
    """Whether the environment there is whole, and of this version of Python."""
    if stamp() == UNFINISHED or not os.path.exists(PYTHON):
        return False
    question = "import pip, sys; print(sys.version_info[:2] == %r)" % (sys.version_info[:2],)
    answer = subprocess.run([PYTHON, "-c", question], check=False, capture_output=True, text=True)
    return answer.stdout.strip() == "True"


def require_venv() -> None:
    """Refuse where this Python can't make virtual environments."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        refuse(
            "Python's venv module is missing. Install it (on Debian and Ubuntu: "
            "apt-get install python3-venv), or set PYTHON to a Python that has it."
        )


def make_environment() -> None:
    """Make the virtual environment anew."""
    import venv

    if os.path.isdir(VENV):
        shutil.rmtree(VENV)
    os.mkdir(VENV)
    write_stamp(UNFINISHED)
    try:
        venv.create(VENV, with_pip=True, symlinks=os.name != "nt")
    except subprocess.CalledProcessError as error:
        refuse("the virtual environment .venv can't be made: %s" % last_line(error.output))


def last_line(output: object) -> str:
    """Return what a failed program said last."""
    text = output.decode("utf-8", "replace") if isinstance(output, bytes) else str(output or "")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def install(packages: str, lock: int) -> Optional[str]:
    """Install a list; return what went wrong, or None.

    pip fetches everything before it changes anything, so after a failure the
    packages are as they were, and so is the stamp. Only a start that was
    killed leaves UNFINISHED behind. pip holds the lock too: should this
    process be killed, the next start waits until pip is done.
    """
    before = stamp()
    write_stamp(UNFINISHED)
    command = [PYTHON, "-m", "pip", "install", "--quiet", "--no-input", "--require-hashes"]
    command += ["--disable-pip-version-check", "-r", os.path.join(ROOT, packages)]
    done = subprocess.run(
        command,
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=dict(os.environ, PIP_USER="0"),
        pass_fds=(lock,),
    )
    if done.returncode:
        write_stamp(before or "\n")
        return last_line(done.stderr)
    # The longer list holds the shorter one.
    names = {packages, "requirements.txt"}
    write_stamp("".join(fingerprint(name) + "\n" for name in sorted(names)))
    return None


def prepare(command: str) -> None:
    """Have what a command needs installed; say so only if that takes a while."""
    packages = "requirements-dev.txt" if command in DEVELOPERS else "requirements.txt"
    if is_installed(packages):
        return
    try:
        with only_one() as lock:
            if is_installed(packages):
                return
            will_do = works()
            if not will_do:
                require_venv()
            print("Installing packages (once)...", flush=True)
            if not will_do:
                make_environment()
            problem = install(packages, lock)
            if problem is None:
                return
            # Without a network the tests can do without lint and browser.
            if command == "test" and not in_ci() and is_or_gets_installed(lock):
                print("Lint and browser packages can't be installed: %s" % problem)
                return
    except OSError as error:
        refuse("the virtual environment .venv can't be made: %s" % error)
    refuse("the packages can't be installed: %s" % problem)


def is_or_gets_installed(lock: int) -> bool:
    """Whether the packages that run stand installed, perhaps only now."""
    return is_installed("requirements.txt") or install("requirements.txt", lock) is None


# The commands


def in_ci() -> bool:
    """Whether what the machine lacks counts as failure."""
    return os.environ.get("CI", "").strip().lower() in ("true", "1", "yes", "on")


def clean_environment(data: str) -> Dict[str, str]:
    """Return the shell's environment without any setting of the site."""
    kept = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    return dict(kept, ROUNDTABLE_DATA=data, PYTHONUTF8="1")


def production() -> Dict[str, str]:
    """Return settings as a real deployment has them, for the deploy check."""
    return {
        "SITE_URL": "https://roundtable.example.org",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "EMAIL_URL": "smtp+tls://roundtable:secret@mail.example.org:587",
        "CONTROLLER": "Example convenor, 1 Example Street, Nakuru, Kenya",
        "CONTACT_EMAIL": "roundtable@example.org",
        "TRUSTED_PROXIES": "1",
    }


def call(command: List[str], environment: Dict[str, str]) -> int:
    """Run a program to its end; should this one be ended, end that one first."""
    child = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        return child.wait()
    except BaseException:
        child.terminate()
        child.wait()
        raise


def run_checks(data: str) -> int:
    """Run every check; stop at the first that fails and name it."""
    manage = [PYTHON, "manage.py"]
    steps = [
        ("lint", [PYTHON, "-m", "ruff", "check", "."], {}),
        ("format", [PYTHON, "-m", "ruff", "format", "--check", "."], {}),
        ("types", [PYTHON, "-m", "mypy"], {}),
        ("structure", [PYTHON, os.path.join(VENV, "bin", "lint-imports")], {}),
        ("migrations", [*manage, "makemigrations", "--check", "--dry-run"], {}),
        ("deployment", [*manage, "check", "--deploy", "--fail-level", "WARNING"], production()),
    ]
    for name, command, extra in steps:
        print("== check: " + name, flush=True)
        code = call(command, dict(clean_environment(data), **extra))
        if code:
            print("roundtable: the check of %s failed." % name, file=sys.stderr)
            return code
    print("== every check passed")
    return 0


def run_tests(data: str) -> int:
    """Run every test, the slow ones one by one; go on after a failure, and sum up."""
    pytest = [PYTHON, "-m", "pytest", "-q"]
    postgres = [PYTHON, "-m", "tests.postgres", "--"]
    everyday = [*pytest, "-n", "2", "-m", "not slow and not browser"]
    # The bootstrap has no database, so once is enough.
    slow = [*pytest, "-m", "slow and not browser", "--ignore=tests/roundtable/test_bootstrap.py"]
    passes = [
        ("everyday tests on SQLite", everyday),
        ("everyday tests on PostgreSQL", [*postgres, *everyday]),
        ("slow and browser tests on SQLite", [*pytest, "-m", "slow or browser"]),
        ("slow tests on PostgreSQL", [*postgres, *slow]),
    ]
    verdicts = []
    for name, command in passes:
        print("== " + name, flush=True)
        verdicts.append((name, call(command, clean_environment(data))))
    print("\n== in sum")
    for name, code in verdicts:
        said = {0: "passed", LACKING: "NOT TESTED ON THIS MACHINE"}.get(code, "FAILED")
        print("{:<34} {}".format(name, said))
    failed = [code for _, code in verdicts if code not in (0, LACKING)]
    if in_ci():
        failed += [code for _, code in verdicts if code == LACKING]
    return 1 if failed else 0


def run_bench(data: str) -> int:
    """Measure, and say it as ratios."""
    return call([PYTHON, "-m", "tests.load.bench"], clean_environment(data))


def run_screenshots(data: str) -> int:
    """Take a picture of every page of a site that is filled with what is hard."""
    return call([PYTHON, "-m", "tests.browser.screenshots"], clean_environment(data))


def organiser_options(given: Mapping[str, str]) -> List[str]:
    """Return the options of manage.py organiser, from what make was given as variables."""
    email = given.get("EMAIL", "").strip()
    if not email:
        refuse("say whom: make organiser EMAIL=amina@example.org")
    options = []
    if given.get("ROLE", "").strip():
        options.append("--role=" + given["ROLE"].strip())
    if given.get("SECOND_FACTOR", "").strip():
        options.append("--second-factor=" + given["SECOND_FACTOR"].strip())
    return [*options, "--", email]


def main(arguments: List[str], version: Tuple[int, ...]) -> int:
    """Do what the command line asks for; return how it ended."""
    refusal = refusal_of(version)
    if refusal:
        refuse(refusal)
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        refuse("it takes one of %s." % ", ".join(COMMANDS))
    command = arguments[0]
    whom = organiser_options(os.environ) if command == "organiser" else []
    prepare(command)
    os.chdir(ROOT)
    if command == "organiser":
        sys.stdout.flush()
        os.execv(PYTHON, [PYTHON, "manage.py", "organiser", *whom])
    if command == "run":
        sys.stdout.flush()
        os.execv(PYTHON, [PYTHON, "manage.py", "run"])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="roundtable-") as data:
        return {
            "test": run_tests,
            "check": run_checks,
            "bench": run_bench,
            "screenshots": run_screenshots,
        }[command](data)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:], sys.version_info[:3]))
    except KeyboardInterrupt:
        sys.exit(130)
