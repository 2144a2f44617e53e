# Everything a person or CI does here. Needs Python 3.11 or newer, make and the network; nothing else.
.DEFAULT_GOAL := help
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.installed
DEVELOPMENT := $(VENV)/.installed-dev
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --require-hashes
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
PYTEST_ARGS ?= -n 2
BENCHES ?= pings probes stream sweep storage reads api engine

.PHONY: help run demo test check fmt fuzz bench requirements

help: ## Say what there is.
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /make \1\t/' | expand -t 20

run: $(RUNTIME) ## Start it: one process, first page at http://127.0.0.1:8000.
	@exec $(BIN)/python manage.py run

demo: $(RUNTIME) ## Start it with a workspace full of living examples.
	@exec $(BIN)/python manage.py demo

test: $(DEVELOPMENT) ## Run the tests; on SQLite unless DATABASE_URL and REDIS_URL say otherwise.
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

check: $(DEVELOPMENT) ## Format, lint, types, import contract, missing migrations, documents.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python -m pytest tests/layout/test_documents.py tests/layout/test_settings_table.py

fmt: $(DEVELOPMENT) ## Format the code and mend what can be mended.
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

fuzz: $(DEVELOPMENT) ## Send the API what its document allows and forbids; FUZZ_EXAMPLES, FUZZ_SEED.
	@$(BIN)/python bin/fuzz.py

bench: $(DEVELOPMENT) ## Measure, and print tables.
	@set -e; for name in $(BENCHES); do echo "== bench/$$name.py"; PYTHONPATH=. $(BIN)/python bench/$$name.py; done

requirements: $(DEVELOPMENT) ## Compile requirements*.in; UPGRADE=1 takes newer releases.
	@$(BIN)/python -m pip --disable-pip-version-check --quiet install uv
	@$(COMPILE) $(if $(UPGRADE),--upgrade) requirements.in -o requirements.txt
	@$(COMPILE) $(if $(UPGRADE),--upgrade) requirements-dev.in -o requirements-dev.txt

$(BIN)/python:
	@PYTHON="$(PYTHON)" sh bin/make_venv.sh $(VENV)

$(RUNTIME): requirements.txt | $(BIN)/python
	@echo "Installing what WebSignal runs on (requirements.txt) ..."
	@$(PIP) -r requirements.txt
	@touch $@

$(DEVELOPMENT): requirements-dev.txt $(RUNTIME)
	@echo "Installing what tests and checks need (requirements-dev.txt) ..."
	@$(PIP) -r requirements-dev.txt
	@touch $@
