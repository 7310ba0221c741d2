# Doorward's commands. Needs Python 3.11 or newer and make; everything else goes into .venv.

PYTHON ?= python3
VENV := .venv
PEERS := .venv-peers
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest -q
# One more than cores on a small machine: many tests wait for a process or a clock.
JOBS ?= 3
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help serve check test proofs faults bench lock clean

help: ## Show these lines
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(VENV)/ready: requirements.txt requirements-build.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Doorward needs Python 3.11 or newer")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes -r requirements.txt
	$(PIP) install --require-hashes -r requirements-build.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/ready-dev: $(VENV)/ready requirements-dev.txt
	$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

$(VENV)/ready-bench: $(VENV)/ready-dev requirements-bench.txt
	$(PIP) install --require-hashes -r requirements-bench.txt
	@touch $@

# What a server keeps in memory of its libraries.
$(VENV)/lean: $(VENV)/ready entrypoints/cli/lean_bytecode.py
	$(BIN)/python -X no_debug_ranges -m entrypoints.cli.lean_bytecode
	@touch $@

# Where Python is told to write no bytecode (PYTHONDONTWRITEBYTECODE) every start would compile anew.
SOURCES := $(shell find domain application adapters config entrypoints -name '*.py')
$(VENV)/bytecode: $(VENV)/ready $(VENV)/lean $(SOURCES)
	$(BIN)/python -m compileall -q domain application adapters config entrypoints
	@touch $@

# What Doorward is compared with lives apart: its dependencies are older than ours.
$(PEERS)/ready: requirements-peers.txt
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip --quiet --disable-pip-version-check install --require-hashes \
		-r requirements-peers.txt
	@touch $@

serve: $(VENV)/ready $(VENV)/bytecode ## Set up on first use, then serve on http://127.0.0.1:8000
	@exec $(BIN)/doorward serve

check: $(VENV)/ready-dev $(VENV)/bytecode ## Format, lint, types, import rules, fast tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) -n $(JOBS) -m "not slow and not alone and not proof"

test: $(VENV)/ready-dev $(VENV)/bytecode ## The whole suite, on real PostgreSQL and Redis
	$(PYTEST) -n $(JOBS) --dist worksteal -m "not alone and not proof"
	$(PYTEST) -m "alone and not proof"

proofs: $(VENV)/ready-dev $(VENV)/bytecode ## Races and kills at full count
	HYPOTHESIS_PROFILE=proofs $(PYTEST) -m proof --ignore tests/faults
	$(MAKE) faults

faults: $(VENV)/ready-dev $(VENV)/bytecode ## Kills and stalls the real thing under load; one line with a figure each
	DOORWARD_TEST_FAULTS=full $(PYTEST) -s tests/faults

ROUNDS ?= 5
SECONDS ?= 5
# More for `python -m benchmarks`, such as BENCH="--only me --users 2000 --crowd 20000".
BENCH ?=

bench: $(VENV)/ready-bench $(VENV)/bytecode $(PEERS)/ready ## Measure beside a floor and a peer; ROUNDS=1 SECONDS=1 for a look
	$(BIN)/python -m benchmarks --rounds $(ROUNDS) --seconds $(SECONDS) $(BENCH)

lock: $(VENV)/ready-dev ## Pin every dependency again, with hashes
	$(BIN)/python -m uv pip compile $(LOCK) pyproject.toml -o requirements.txt
	$(BIN)/python -m uv pip compile $(LOCK) -c requirements.txt --group build -o requirements-build.txt
	$(BIN)/python -m uv pip compile $(LOCK) -c requirements.txt pyproject.toml --group dev -o requirements-dev.txt
	$(BIN)/python -m uv pip compile $(LOCK) -c requirements-dev.txt --group bench -o requirements-bench.txt
	$(BIN)/python -m uv pip compile $(LOCK) --group peers -o requirements-peers.txt

# Hashes and no index address: the same lock serves whoever installs from wherever.
LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links

clean: ## Remove what the other commands made, but for the data folder
	rm -rf $(VENV) $(PEERS) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +
