# Casework. `make` alone lists what there is.
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV   := .venv
PY     := $(VENV)/bin/python
STAMP  := $(VENV)/.installed
UV     ?= $(firstword $(wildcard $(VENV)/bin/uv) $(shell command -v uv))

# SCALE_CASES, CASEWORK_PORT_BASE and their like reach the programs, from the environment or from the command line:
#   make up SCALE_CASES=3        make run CASEWORK_PORT_BASE=21000

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: $(STAMP) ## make .venv from the locked requirements (once, and again when they change)

$(STAMP): requirements/requirements-dev.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 or newer is needed; '$(PYTHON)' was not found. Another name: make setup PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; this is $$($(PYTHON) --version). Another one: make setup PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python has no venv module here. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked requirements into $(VENV) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --require-hashes -r requirements/requirements-dev.txt
	@touch $@

.PHONY: run
run: setup ## start everything here and stay in the foreground
	@$(PY) -m deploy.local run

.PHONY: up
up: setup ## start everything in the background
	@$(PY) -m deploy.local up

.PHONY: down
down: setup ## stop it; data stays
	@$(PY) -m deploy.local down

.PHONY: status
status: setup ## what runs, on which ports
	@$(PY) -m deploy.local status

.PHONY: logs
logs: setup ## what the processes say
	@$(PY) -m deploy.local logs

.PHONY: reset
reset: setup ## stop it and throw its data away
	@$(PY) -m deploy.local reset

.PHONY: parked
parked: setup ## messages that were set aside because they failed
	@$(PY) -m deploy.local parked

.PHONY: demo
demo: setup ## a walk through the five teams, on a running or a fresh stack
	@$(PY) -m deploy.demo

.PHONY: test
test: setup ## every test
	@$(PY) -m pytest -n 2 tests

.PHONY: check
check: setup ## style, types, imports, house rules and contracts
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports
	@$(PY) -m pytest tests/house tests/contract

.PHONY: golden
golden: setup ## write the golden files of tests/contract anew; review the difference
	@CASEWORK_GOLDEN=write $(PY) -m pytest tests/contract

.PHONY: seeds
seeds: setup ## which of the 168 rows the last test run proved
	@$(PY) -m tests.seeds

.PHONY: bench
bench: setup ## measure the running system under load
	@$(PY) -m tests.load.bench

.PHONY: bench-cases
bench-cases: setup ## do lists, the pile and searches stay fast with a million cases
	@$(PY) -m tests.load.finding

.PHONY: bench-accounts
bench-accounts: setup ## how fast rights end under load, and whether log-ins disturb
	@$(PY) -m tests.load.revocation
	@$(PY) -m tests.load.logins

.PHONY: lock
lock: setup ## lock the requirements again (newer versions: LOCK_FLAGS=--upgrade)
	@test -n "$(UV)" || { echo "uv is needed to lock: $(PY) -m pip install uv" >&2; exit 1; }
	@lock="$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links"; \
	$$lock $(LOCK_FLAGS) -o requirements/requirements-dev.txt requirements/dev.in; \
	for list in service gateway; do $$lock $(LOCK_FLAGS) -c requirements/requirements-dev.txt -o requirements/requirements-$$list.txt requirements/$$list.in; done
	@if grep -n '://' requirements/*.txt; then echo "An address got into a lock file; see above." >&2; exit 1; fi
