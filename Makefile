.PHONY: quickstart test test-cluster install clean

VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin

quickstart: $(VENV)/.installed
	$(BIN)/seedscope run quickstart

test: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest

# Three hosts made of network namespaces: needs root, iproute2 and some minutes.
test-cluster: $(VENV)/.installed-dev
	$(BIN)/pytest -m cluster tests/cluster

install: $(VENV)/.installed

# pip is pinned with the rest, so that the same resolver runs everywhere.
$(VENV)/bin/pip:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt pip

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/pip
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) build *.egg-info

# All faults, and 200 kills at random moments: docs/reliability.md has the result. Takes about half an hour on two cores.
.PHONY: test-faults
test-faults: $(VENV)/.installed-dev
	$(BIN)/pytest tests/faults --num-kills 200
