# Everything runs in .venv, which the first command makes. Try: make help
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh
# Where this is set, as in many containers, every program would compile all libraries anew.
export PYTHONDONTWRITEBYTECODE :=

BIN := .venv/bin
READY := .venv/.ready
SITE := _build/html
PROFILE ?= paper
PORT ?= 8000
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder

.PHONY: help venv book pdf test test-fast lint serve lab notebook fuzz faults claims real mmphate matter multiverse bench clean

help: ## show this list
	@echo "Usage: make COMMAND"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-10s %s\n", $$1, $$2}'
	@echo "The first run needs Python 3.11 (PYTHON=/path/to/python3.11 to choose one) and the network."

venv: $(READY) ## make .venv with the pinned packages and relaylib itself

$(READY): requirements.txt pyproject.toml Makefile
	@for python in "$(PYTHON)" python3.11 python3; do \
	  [ -n "$$python" ] && "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	    && found=$$python && break; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Python 3.11 or newer is needed, and neither python3.11 nor python3 is one." >&2; \
	  echo "Install it, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; \
	fi; \
	[ -x $(BIN)/python ] || "$$found" -m venv .venv || { rm -rf .venv; exit 1; }
	@echo "Installing requirements.txt into .venv: this takes minutes the first time"
	@[ -z "$(TORCH_INDEX)" ] || $(BIN)/python -m pip install --quiet --no-compile \
	  --index-url "$(TORCH_INDEX)" --no-deps "$$(grep '^torch==' requirements.txt)"
	$(BIN)/python -m pip install --quiet --no-compile -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --config-settings editable_mode=compat --editable .
	@touch $@

book: $(READY) ## compute what is missing and build the book into _build/html
	@if start=$$($(BIN)/python book/unchanged.py --profile $(PROFILE)); then \
	  echo "Nothing has changed since the last make book"; \
	else \
	  $(BIN)/python book/vendor.py && \
	  $(BIN)/python book/execute.py --profile $(PROFILE) && \
	  $(BIN)/python book/build.py && \
	  $(BIN)/python book/unchanged.py --profile $(PROFILE) --built-from "$$start"; \
	fi
	@echo "Open $(SITE)/index.html, or: make serve"

pdf: $(READY) ## print the built book as _build/relays.pdf, where there is a browser
	$(BIN)/python book/pdf.py

test: lint ## ruff, mypy and every test
	$(BIN)/python book/vendor.py
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)

test-fast: $(READY) ## half of the tests, in one to two minutes: without pages, browsers and whatever takes long
	$(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not slow" $(ARGS)

lint: $(READY) ## ruff and mypy alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy book

serve: $(READY) ## show the built book at http://localhost:8000 (PORT=... to change)
	@[ -e $(SITE)/index.html ] || { echo "No book yet: make book" >&2; exit 1; }
	$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory $(SITE)

lab: $(READY) ## open the notebooks in JupyterLab
	cd notebooks && ../$(BIN)/jupyter-lab

notebook: $(READY) ## run one notebook: make notebook NB=04_knockouts ARGS="-p regime 5"
	@[ -n "$(NB)" ] || { echo 'Name a notebook: make notebook NB=04_knockouts ARGS="-p regime 5"' >&2; exit 1; }
	RELAY_FROM="$(PWD)" $(BIN)/python book/execute.py --profile $(PROFILE) --notebook "$(NB)" $(ARGS)

fuzz: $(READY) ## give every public function every bad input, and count the outcomes
	CI=1 $(BIN)/python tests/bad_inputs.py $(ARGS)

faults: $(READY) ## damage and kill whatever can be, and count what came of it (ARGS=short)
	CI=1 $(BIN)/python tests/faults.py $(ARGS)

claims: $(READY) ## judge the claims and the drift with three seeds; update the tables and the README
	$(BIN)/python book/ledger.py --seeds 2025 1 2
	$(BIN)/python book/drift_seeds.py --seeds 2025 1 2

multiverse: $(READY) ## compute what the findings hang on (SCHEDULER=tcp://... for a cluster that exists)
	$(BIN)/python book/multiverse.py --scheduler "$(SCHEDULER)" $(ARGS)

real: $(READY) ## compute all about real time series again (six minutes on two cores) and keep it for the book
	$(BIN)/python book/real_series.py $(ARGS)

mmphate: $(READY) ## map trainings for the claims on MM-PHATE (half an hour) and keep it for the book
	$(BIN)/python book/mmphate_claims.py $(ARGS)

matter: $(READY) ## compare estimators for the page on nodes that matter (a quarter of an hour) and keep it
	$(BIN)/python book/nodes_that_matter.py $(ARGS)

bench: $(READY) ## measure speed against plain baselines (ARGS=--quick to try it)
	$(BIN)/python -m tests.bench $(ARGS)

clean: ## remove what was built; the trained networks in results/ and .venv stay
	rm -rf _build book/_build book/executed book/assets book/vendor .pytest_cache .mypy_cache .ruff_cache .hypothesis
