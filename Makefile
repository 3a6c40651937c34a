# Needs Python 3.11 or later and make. Everything else goes into .venv.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PORT ?= 8000
WORKERS ?= auto
PYTEST_ARGS ?=

# Compiled modules: tests that start processes take a third of the time with them.
export PYTHONDONTWRITEBYTECODE :=
export UV_COMPILE_BYTECODE := 1
export UV_PROJECT_ENVIRONMENT := $(VENV)
export UV_PYTHON_DOWNLOADS := never
SYNC = $(BIN)/uv sync --quiet --frozen --inexact --no-default-groups
PYTEST = $(BIN)/python -m pytest -q -n $(WORKERS) --maxprocesses 8 --dist worksteal

.PHONY: help demo quick test test-all lint types docs bench messages lock clean

help: ## Show what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "django-lanck needs Python 3.11 or later; try: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'

demo: $(BIN)/uv ## Run the demo site with its simulated handset
	$(SYNC) --group demo
	@PORT=$(PORT) $(BIN)/python testproject/manage.py demo

quick: $(BIN)/uv ## The tests of what you changed, for half a minute at most
	$(SYNC) --group test --group lint
	$(BIN)/python -m tests.quick $(PYTEST_ARGS)

test: $(BIN)/uv ## The tests (on SQLite, or where DATABASE_URL points), all but the slow ones
	$(SYNC) --group test
	$(PYTEST) -m "not slow and not browser and not schema" $(PYTEST_ARGS)

test-all: $(BIN)/uv ## Every test: slow ones, browser, OpenAPI schema
	$(SYNC) --all-extras --all-groups
	$(PYTEST) $(PYTEST_ARGS)

lint: $(BIN)/uv ## Style and the layers
	$(SYNC) --group test --group lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(BIN)/uv ## Types
	$(SYNC) --group test --group lint
	$(BIN)/mypy

docs: $(BIN)/uv ## Build the documentation
	$(SYNC) --group test --group docs
	$(BIN)/sphinx-build -W --keep-going -b html docs docs/_build

bench: $(BIN)/uv ## Print the ratios of tests/benchmarks
	$(SYNC) --group test --group bench
	$(BIN)/python -m tests.benchmarks.client_call
	$(BIN)/python -m tests.benchmarks
	$(BIN)/python -m tests.benchmarks.guard
	$(BIN)/python -m tests.benchmarks.pruning
	$(BIN)/python -m tests.benchmarks.importing
	$(BIN)/python -m tests.benchmarks.admin
	$(BIN)/python -m tests.benchmarks.figures

messages: $(BIN)/uv ## Renew the catalogues of translations; needs GNU gettext
	$(SYNC) --group test
	$(BIN)/python testproject/manage.py messages

lock: $(BIN)/uv ## Renew uv.lock
	$(BIN)/uv lock --upgrade --default-index https://pypi.org/simple

clean: ## Remove what the other targets made
	rm -rf $(VENV) docs/_build dist .coverage testproject/db.sqlite3*
