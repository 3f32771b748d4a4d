# `make demo` sets up and answers a real question about a real picture; `make test` runs every check.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: setup setup-dev demo test lint clean

setup: $(VENV)/.ready
setup-dev: $(VENV)/.ready-dev

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "visprog needs Python 3.11 or later: make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.ready-dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(VENV)/.ready $@

demo: setup
	@mkdir -p demo
	$(BIN)/visprog ask examples/dogs.jpg "How many dogs are there?" --trace demo/trace.html
	@echo "Every step, drawn: demo/trace.html (open it in a browser)"

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	MYPYPATH=tools:benchmarks $(BIN)/mypy benchmarks
	MYPYPATH=tools:scripts/planner $(BIN)/mypy scripts/planner
	MYPYPATH=tools:scripts/weights $(BIN)/mypy scripts/weights

test: lint
	$(BIN)/python -m pytest
	@mkdir -p demo
	$(BIN)/visprog ask examples/dogs.jpg "How many dogs are there?" --trace demo/test.html

clean:
	rm -rf $(VENV) demo dist build
