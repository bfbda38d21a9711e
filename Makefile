# Two commands matter to a newcomer: `make demo` and `make test`. Everything lands inside this folder.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PLUGINS := alex velar bitflow pyth coingecko onchain_prices slack discord
# A Node of our own (below) goes in front of whatever the machine has.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup demo test chaos fuzz mutate check bench coverage costs vectors plans lock format clean

help:  ## say what each target does
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.ready contracts/node_modules/.ready $(VENV)/.promtool  ## install everything into this folder

$(VENV)/.python: requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	touch $@

$(VENV)/.ready: $(VENV)/.python pyproject.toml $(PLUGINS:%=plugins/%/pyproject.toml)
	$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps -e . $(PLUGINS:%=-e plugins/%)
	touch $@

# Node 20 or newer from the machine, else from the hash-locked wheel, into the same folder as Python's packages.
$(VENV)/.node: $(VENV)/.python requirements/node.txt
	@node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20)' 2>/dev/null && command -v npm >/dev/null \
	  || $(BIN)/python -m pip install --quiet --require-hashes -r requirements/node.txt
	touch $@

# What checks the alert rules has no package for Python or Node. Where Debian's can be had, its promtool goes into this
# folder, and apt checks its signature; where not, the tests go by their own reading of the rules.
$(VENV)/.promtool: $(VENV)/.python
	@mkdir -p $(VENV)/promtool && cd $(VENV)/promtool && { command -v promtool \
	  || { timeout 60 apt-get -qq download prometheus && dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/promtool \
	  && mv usr/bin/promtool ../bin/promtool; }; } >/dev/null 2>&1 || echo "no promtool here: the alert rules are checked without it"
	@rm -rf $(VENV)/promtool
	@touch $@

contracts/node_modules/.ready: contracts/package-lock.json $(VENV)/.node
	cd contracts && npm ci --no-fund --no-audit --loglevel=error
	touch $@

demo: setup  ## three pools, drifting and brought back, on a local chain; page at http://127.0.0.1:5182
	$(BIN)/keeper demo

# One more at a time than there are cores to count on: many tests wait for a chain or a clock.
test: setup  ## every test: Python, end to end, contracts as Clarity 4 with coverage, 5 and 6
	$(BIN)/pytest -n 3 --dist loadgroup
	cd contracts && npm test --silent

CHAOS ?=
chaos: setup  ## the keeper killed at every named point and put into every disorder; writes docs/chaos.md
	$(BIN)/python -m tests.chaos --report docs/chaos.md $(CHAOS)

mutate: setup  ## every guard of every contract broken, one at a time: do the tests notice?
	cd contracts && node tools/mutate.mjs

SEED ?= 20261121
STEPS ?= 1000000
fuzz: setup  ## a million random steps against the contracts, checked one by one; writes contracts/FUZZ.md
	cd contracts && node tools/fuzz.mjs --seed $(SEED) --steps $(STEPS) --report FUZZ.md

check: setup  ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

coverage: setup  ## covered lines and branches of the contracts, one run as Clarity 4
	cd contracts && npm run coverage --silent

costs: setup  ## what the contracts' functions cost; writes contracts/COSTS.md
	cd contracts && npm run costs --silent

bench: setup  ## what it costs, as ratios measured in one run
	$(BIN)/python benchmarks/run.py

vectors: setup  ## recorded numbers; KEEPER_VECTORS=dir reads another set of the same shape
	$(BIN)/pytest -m vectors

plans: setup  ## deployment plans of testnet and mainnet, from contracts/deployments/who.*.json
	cd contracts && node tools/plans.mjs

lock: setup  ## refresh the lock files: hashes, no addresses
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 --quiet \
	  --custom-compile-command "make lock" -o requirements/dev.txt requirements/dev.in
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 --quiet \
	  --custom-compile-command "make lock" -o requirements/node.txt requirements/node.in
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 --quiet \
	  --custom-compile-command "make lock" -o requirements/build.txt requirements/build.in
	$(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --python-version 3.11 --quiet \
	  --custom-compile-command "make lock" -c requirements/dev.txt -o requirements/run.txt pyproject.toml
	cd contracts && npm install --package-lock-only --no-fund --no-audit && node tools/lock-without-addresses.mjs

format: setup  ## put the code in order
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:  ## remove everything that was installed or produced
	rm -rf $(VENV) var contracts/node_modules contracts/.cache
