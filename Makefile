# Everything a person or CI runs, in one place. `make` alone lists the targets.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
PY := $(VENV)/bin/python
# pip's own settings for where wheels come from are honoured by uv only through this variable.
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
# The CPU build of torch, unless wheels come from a place of the machine's own.
ifeq ($(strip $(UV_FIND_LINKS)),)
export UV_TORCH_BACKEND ?= cpu
endif
TEST_ARGS ?=
TRAIN_ARGS ?=
# Whole files go to one worker each: fixtures of a file are expensive, and much of a test's time is waiting.
TEST_WORKERS ?= -n auto --maxprocesses 4 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help install train serve test test-slow test-all lint types check lock bench clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: $(VENV)/.installed ## create .venv and install from the lock

# --no-deps: the lock is complete, and leaves out the CUDA libraries that xgboost names on Linux but does not need.
# --compile-bytecode: pays once here what every start of ZenML would otherwise pay again.
$(VENV)/.installed: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) not found: install Python 3.11, or run make PYTHON=/path/to/python3.11" >&2; exit 2; }
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check "uv>=0.5"
	$(PY) -m uv pip install --quiet --no-deps --compile-bytecode --python $(PY) -r requirements.lock
	$(PY) -m uv pip install --quiet --no-deps --python $(PY) -e .
	@touch $@

train: install ## run the main job: train, judge and publish a release from the starter catalogue
	$(PY) run.py --pipeline training $(TRAIN_ARGS)

serve: install ## serve page, REST and MCP over the current release on port 8000
	$(PY) run.py serve all

test: install ## run the tests CI runs, ending with pytest's summary
	$(PY) -m pytest $(TEST_WORKERS) $(TEST_ARGS)

test-slow: install ## run the tests that take minutes each
	$(PY) -m pytest -m slow $(TEST_WORKERS) $(TEST_ARGS)

test-all: install ## run every test, the long ones included; those on real data need the shared data folder
	$(PY) -m pytest -m "" $(TEST_WORKERS) $(TEST_ARGS)

lint: install ## ruff and import-linter
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/lint-imports

types: install ## mypy --strict
	$(VENV)/bin/mypy

check: lint types test ## all that must be green before a commit is pushed

# A local version names one build of torch; the lock names the release, whichever build a machine can get.
lock: install ## resolve pyproject.toml into requirements.lock again
	$(PY) -m uv pip compile pyproject.toml --extra dev --extra aws --extra encoder --extra scale --extra tracing --python-version 3.11 --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet --upgrade -o requirements.lock
	sed -i 's/+cpu$$//' requirements.lock
	$(PY) -m uv pip compile infra/docker/serving.in -c requirements.lock --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet -o infra/docker/serving.lock

bench: install ## print our figures beside the reference's
	$(PY) -m benchmarks

clean: ## remove the caches of tools; releases and the environment stay
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
