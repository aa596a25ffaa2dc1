# Two commands do everything on a machine with Python 3.11 or newer and make: `make run` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: help run demo demo-data services services-down browser test check format bench bench-peers screenshots test-faults test-all clean

help:            ## say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(VENV)/.installed: pyproject.toml constraints.txt
	@echo "setting up $(VENV) (once)"
	@$(PYTHON) -c 'import sys; sys.exit("Rota needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

run: $(VENV)/.installed  ## start Rota with the examples on 127.0.0.1:8400
	@ROTA_HTTP__ALLOW_PRIVATE=$${ROTA_HTTP__ALLOW_PRIVATE-127.0.0.0/8} $(BIN)/rota up --app examples/quickstart.py

# In another file first: what is interrupted leaves no half of a store behind.
DEMO_DB ?= demo.db
demo-data: $(VENV)/.installed  ## fill demo.db with 90 days of history (DEMO="--executions 20000" for less)
	@[ ! -e $(DEMO_DB) ] || { echo "there is a $(DEMO_DB) already; remove it first" >&2; exit 1; }
	@rm -f $(DEMO_DB).new $(DEMO_DB).new-wal $(DEMO_DB).new-shm
	@$(BIN)/python -m rota.testing.demo --db $(DEMO_DB).new $(DEMO)
	@mv $(DEMO_DB).new $(DEMO_DB)

# Rota would forget what is older than 30 days; the history of the demo is to stay.
demo: $(VENV)/.installed  ## start Rota on demo.db, which is made if it is not there
	@[ -e $(DEMO_DB) ] || $(MAKE) --no-print-directory demo-data
	@ROTA_HTTP__ALLOW_PRIVATE=$${ROTA_HTTP__ALLOW_PRIVATE-127.0.0.0/8} ROTA_HISTORY__DAYS=36500 ROTA_HISTORY__EXECUTIONS=0 \
		$(BIN)/rota up --db $(DEMO_DB) --app rota.testing.demo.functions

services: $(VENV)/.installed  ## start the databases of the tests, install what is missing
	@scripts/services up

services-down:   ## stop them
	@scripts/services down

# A database that cannot be had is told; its tests are skipped and counted, and with CI=true they fail.
# So is a browser.
.PHONY: services-if-possible browser-if-possible
services-if-possible: $(VENV)/.installed
	@scripts/services up || true

browser-if-possible: $(VENV)/.installed
	@scripts/browser up || true

browser: $(VENV)/.installed  ## have the browser of the tests, install it if it is missing
	@scripts/browser up

# The newest PostgreSQL is left to CI and to `make test-all`, so that this stays below ten minutes on two cores.
test: services-if-possible browser-if-possible  ## run the tests on SQLite, PostgreSQL and MariaDB (below 10 minutes)
	@$(BIN)/python -m pytest -n auto --dist loadfile -m "not faults and not heavy" $(if $(CI),,--stores sqlite,postgres,mariadb)

check: $(VENV)/.installed  ## lint, types, the import contract and the scripts of the console
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@scripts/check_console

format: $(VENV)/.installed  ## put the code in form
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

bench: $(VENV)/.installed  ## measure the hot path beside the raw database floor
	@$(BIN)/python -m bench

.bench-peers/.installed: bench/peers/requirements.txt
	@$(PYTHON) -m venv .bench-peers
	@.bench-peers/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

bench-peers: $(VENV)/.installed .bench-peers/.installed  ## measure the drain beside other people's queues
	@$(BIN)/python -m bench --only peers

screenshots: browser  ## take the pictures of the console for the documents
	@$(BIN)/python scripts/screenshots.py

test-faults: services-if-possible  ## kill real processes and count what is lost
	@$(BIN)/python -m pytest -m faults --timeout 1800

test-all: services-if-possible browser-if-possible  ## everything
	@$(BIN)/python -m pytest --timeout 1800

clean:           ## remove what was made
	rm -rf $(VENV) .bench-peers .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
