# `make` lists what can be done. Each target first makes .venv, once, with what requirements.txt names.

BIN := .venv/bin
READY := .venv/ready
PIP_FLAGS ?=
# With no PYTHON given, the first of these that is new enough.
PYTHONS := $(or $(PYTHON),python3 python3.13 python3.12 python3.11)
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))

.PHONY: help book test lab rerun bench
help: ## List these targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

book: $(READY) ## Build the site from the stored outputs
	@$(BIN)/jupyter-book build . -W -n --keep-going
	@echo "The site is in _build/html. To read it, run: $(BIN)/python -m http.server -d _build/html"

test: $(READY) ## Check everything: style, units, chapters, the site in a browser
	@$(BIN)/ruff check .
	@$(BIN)/python -m pytest

lab: $(READY) ## Open the chapters in JupyterLab
	@$(BIN)/jupyter trust book/*.ipynb >/dev/null # or JupyterLab would hide the stored figures
	@$(BIN)/jupyter lab book

rerun: $(READY) ## Execute the chapters and store their outputs; CHAPTER=scaling-laws for one
	@$(BIN)/python book/_ext/rerun.py $(CHAPTER)

bench: $(READY) ## Time what must stay fast
	@$(BIN)/python -m pytest tests/bench/bench_*.py --benchmark-only

# The file is made last, so a .venv whose making stopped half-way is made again.
$(READY): requirements.txt constraints.txt
	@for python in $(PYTHONS); do \
	  $$python -c '$(NEW_ENOUGH)' 2>/dev/null && break; python=; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "The book needs Python 3.11 or newer, but $(firstword $(PYTHONS)) is $$($(firstword $(PYTHONS)) --version 2>/dev/null || echo not installed); name a newer one, as in: make book PYTHON=python3.12" >&2; \
	  exit 1; \
	fi; \
	if ! $$python -m venv .venv >/dev/null 2>&1; then \
	  echo "$$python cannot make a virtual environment here: it lacks the module venv or ensurepip (Debian and Ubuntu: apt install python3-venv) or this folder cannot be written to." >&2; \
	  exit 1; \
	fi
	@echo "Installing the packages into .venv, once; this takes some minutes."
	@if ! $(BIN)/python -m pip install -r requirements.txt $(PIP_FLAGS) >.venv/pip.log 2>&1; then \
	  echo "The packages could not be installed: check that this machine reaches a Python package index (.venv/pip.log says what pip met), then run make again." >&2; \
	  exit 1; \
	fi
	@touch $@
