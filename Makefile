# The public targets are install, run, test and bench; the others are their parts.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
UI := hub/inbox/ui

.PHONY: install run test bench lock lint types ui

install: $(VENV)/.installed ui

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes --no-deps -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.developer: $(VENV)/.installed requirements-dev.lock
	$(PIP) install --require-hashes --no-deps -r requirements-dev.lock
	touch $@

lock:
	uv pip compile -q --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
	  pyproject.toml --extra sandbox --extra postgres --extra redis --group build -o requirements.lock
	uv pip compile -q --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
	  pyproject.toml --all-extras --group build --group dev -c requirements.lock -o requirements-dev.lock
