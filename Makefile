# Every command of the project. Each works from a bare clone: `tools.py` makes
# the virtual environment and installs the pinned packages when they are missing.
PYTHON ?= python3
ENTER = $(PYTHON) roundtable/bootstrap.py

.PHONY: run test check bench organiser lock messages

run:            ## the whole site on http://localhost:$PORT (8000)
	@$(ENTER) run

test:           ## every test, on SQLite and on PostgreSQL, then in a browser
	@$(ENTER) test

check:          ## lint, format, types, structure, migrations, deploy check
	@$(ENTER) check

lock:           ## compile the pinned lists from pyproject.toml (needs uv)
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --extra test pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --extra test --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt
