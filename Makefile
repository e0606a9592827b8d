# `make` lists what can be done. Each target first sees to .venv (.ci/environment), once.

BIN := .venv/bin
# For .ci/environment: the Python to make .venv with; CPU=1 for PyTorch without graphics cards; more for pip.
# For `make rerun`: ANEW=1 to make again what is stored.
export PYTHON CPU PIP_FLAGS ANEW

.PHONY: help book pdf check test lab reset assign grade edit rerun room bench resolve environment
help: ## List these targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 16

book: environment ## Build the site from the stored outputs
	@$(BIN)/jupyter-book build . -W -n --keep-going
	@echo "The site is in _build/html. To read it, run: $(BIN)/python -m http.server -d _build/html"

pdf: book ## Print the whole site into one file, _build/data-wall.pdf, by the browser that the tests use
	@$(BIN)/python book/_ext/print_book.py

check: environment ## Check what takes no experiment: style, units, invariants, a chapter of the site in a browser
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check book/datawall tests
	@$(BIN)/python -m pytest -n auto --dist loadgroup -m "not experiment and not long" tests

test: environment ## Check everything; with CHAPTER=scaling-laws one chapter and the library it uses
	@$(BIN)/ruff check .
ifdef CHAPTER
	@lane=$$($(BIN)/python tests/lanes.py $(CHAPTER)) && $(BIN)/python -m pytest $$lane
else
	@$(BIN)/python -m pytest -n auto --dist loadgroup -m "not experiment" tests
	@$(BIN)/python -m pytest -m experiment tests # on both cores by themselves, as the chapters are
	@$(BIN)/python -m pytest book
endif

lab: environment ## Open the chapters in JupyterLab, in a copy of your own (work/) that you may change
	@[ -d _build/html/editions ] || $(MAKE) --no-print-directory book
	@[ -d work ] || $(BIN)/python book/_ext/editions/work.py
	@$(BIN)/jupyter trust work/*.ipynb >/dev/null # or JupyterLab would hide the stored figures
	@$(BIN)/jupyter lab work

reset: book ## Make that copy anew; what you changed in it is kept, and named
	@$(BIN)/python book/_ext/editions/work.py

assign: environment ## Make an assignment without answers, and its key; CHAPTER=scaling-laws; SEED=7 for other numbers
	@$(BIN)/python book/_ext/teaching/assignment.py $(CHAPTER) $(if $(SEED),--seed $(SEED))

grade: environment ## Grade notebooks that were handed in: KEY=assignments/NAME-key.json FOLDER=submitted
	@$(BIN)/python book/_ext/teaching/grade.py $(KEY) $(FOLDER)

edit: environment ## Open the sources of the chapters in JupyterLab
	@$(BIN)/jupyter trust book/*.ipynb >/dev/null # or JupyterLab would hide the stored figures
	@$(BIN)/jupyter lab book

rerun: environment ## Execute the chapters and store their outputs; CHAPTER=scaling-laws for one; ANEW=1 for every run
	@$(BIN)/python book/_ext/rerun.py $(CHAPTER)

room: ## Say whether this computer can run the book, how long chapters take here, and what is missing
	@if [ -x $(BIN)/python ]; then $(BIN)/python book/_ext/room.py; else $${PYTHON:-python3} book/_ext/room.py; fi

bench: environment ## Time what must stay fast
	@$(BIN)/python -m pytest tests/bench/bench_*.py --benchmark-only

resolve: environment ## Ask the package index whether the pins resolve everywhere; PINS=--write makes them anew
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/python tests/resolve.py $(PINS)

environment:
	@.ci/environment
