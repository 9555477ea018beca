# The two commands of the README: `make demo` and `make test`. Both make .venv if it is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint format clean
.DEFAULT_GOAL := demo

demo: $(VENV)/.ready
	@echo "[demo] search, train, measure and register a robust network on the digits data set"
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/mlflow run . --env-manager local
	@echo "[demo] pull the registered network and verify it"
	@mkdir -p build
	$(BIN)/rcnas-zoo pull robust-2m --to build/robust-2m-demo --replace
	$(BIN)/rcnas-zoo verify build/robust-2m-demo
	@echo "[demo] done; look at the runs with: $(BIN)/mlflow ui"

test: $(VENV)/.ready
	@echo "[test] the whole suite"
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist loadfile

lint: $(VENV)/.ready
	@echo "[lint] ruff, then mypy"
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/.ready: setup.cfg pyproject.toml
	@echo "[setup] an environment in $(VENV) (about 6 GB, less than a minute on a fast line)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --python $(BIN)/python --compile-bytecode --editable '.[dev]'
	@touch $@

clean:
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
