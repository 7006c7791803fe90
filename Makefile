# The commands of the project, each from a bare clone: bootstrap.py makes the
# virtual environment and installs the pinned packages where they are missing.
# Settings go through the environment: `make run PORT=9000`.
PYTHON ?= python3

.PHONY: run organiser test check bench screenshots lock

run:            ## the whole site on http://localhost:$PORT (8000)
	@$(PYTHON) roundtable/bootstrap.py run

organiser:      ## make an organiser: make organiser EMAIL=amina@example.org
	@$(PYTHON) roundtable/bootstrap.py organiser

test:           ## every test, on SQLite and on PostgreSQL, then in a browser
	@$(PYTHON) roundtable/bootstrap.py test

check:          ## lint, format, types, structure, migrations, deploy check
	@$(PYTHON) roundtable/bootstrap.py check

bench:          ## how many people register a second, as ratios
	@$(PYTHON) roundtable/bootstrap.py bench

screenshots:    ## a picture of every page, in three widths, light and dark: var/screenshots/
	@$(PYTHON) roundtable/bootstrap.py screenshots

lock:           ## compile the pinned lists from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --extra test pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --extra test --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt
