# `make demo` and `make test` are all a fresh machine needs: a Python from 3.11 on, and this file.
# Each command creates the virtual environment if absent and installs only what is missing or older
# than pyproject.toml and constraints.txt.
#
#   make test VENV=../env           another environment
#   make test PYTEST_FLAGS="-k pairs" other pytest options
#   make demo PIP_FLAGS=              see pip's progress
#   make test CONSTRAINTS=other.txt   other versions of the dependencies; none: the newest

VENV ?= .venv
OLDEST ?= .venv-oldest
NEWEST ?= .venv-newest
CONSTRAINTS ?= constraints.txt
PIP_FLAGS ?= --quiet
# One process per core: each loads torch, so not more than eight.
PYTEST_FLAGS ?= -n auto --maxprocesses 8 --dist worksteal

# The first Python that is new enough and can create environments. 3.11 comes first because
# constraints.txt was tested with it.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python; do \
	$$p -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' \
	>/dev/null 2>&1 && echo $$p && break; done)

# Pages that docs/conf.py writes.
SITE = $(addprefix docs/,$(addsuffix .md,api benchmarks changelog contributing index security))

BIN = $(VENV)/bin
INSTALL = $(BIN)/python -m pip install $(PIP_FLAGS) --disable-pip-version-check \
	$(if $(CONSTRAINTS),-c $(CONSTRAINTS),--upgrade --upgrade-strategy eager)

.DEFAULT_GOAL := help
.PHONY: help demo test test-oldest test-newest exchange lint types readme pictures tables docs clients cluster format clean
.DELETE_ON_ERROR:

help:  ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile

demo: $(VENV)/.installed-plot  ## write a report on measured data, and the next plate
	$(BIN)/python -m sksiamese demo

test: $(VENV)/.installed-test  ## run the tests and the docstrings' examples
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

# Old versions warn of what has changed since in their own dependencies, which is nothing of ours.
test-oldest:  ## run the tests on the oldest versions that pyproject.toml allows
	$(MAKE) test VENV=$(OLDEST) CONSTRAINTS=constraints-oldest.txt PYTEST_FLAGS="$(PYTEST_FLAGS) \
		-W ignore::DeprecationWarning -W ignore::FutureWarning"

test-newest:  ## run the tests on the newest versions there are
	rm -f $(NEWEST)/.installed-*
	$(MAKE) test VENV=$(NEWEST) CONSTRAINTS=

exchange: $(VENV)/.installed-test  ## load models of each set of versions with the others
	$(MAKE) $(OLDEST)/.installed-test VENV=$(OLDEST) CONSTRAINTS=constraints-oldest.txt
	$(MAKE) $(NEWEST)/.installed-test VENV=$(NEWEST) CONSTRAINTS=
	$(BIN)/python tests/versions/exchange.py $(addsuffix /bin/python,$(VENV) $(OLDEST) $(NEWEST))

lint: $(VENV)/.installed-lint  ## check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-lint  ## check types
	$(BIN)/mypy

readme: $(VENV)/.installed-plot  ## run the Python of the README and of the pages in docs
	$(BIN)/python .ci/run_blocks.py README.md $(filter-out $(SITE),$(shell grep -l '^```python' docs/*.md))

pictures: $(VENV)/.installed-plot  ## draw the pictures that pages in docs make
	$(BIN)/python .ci/run_blocks.py --pictures $(addprefix docs/,$(addsuffix .md,explaining paper pictures))

tables: $(VENV)/.installed-test  ## write the tables of the pages from benchmarks/results
	$(BIN)/python benchmarks/make_tables.py

docs: $(VENV)/.installed-docs  ## build the site, in docs/_build
	$(BIN)/python -m sphinx -W --keep-going -q docs docs/_build

clients: $(VENV)/.installed-test $(VENV)/.installed-clients  ## run what docs/works_with.md shows
	$(BIN)/python -m pytest tests/test_works_with.py

cluster: $(VENV)/.installed-test $(VENV)/.installed-scale $(VENV)/.installed-serve  ## run what docs/screening.md and docs/serving.md show, on Dask and FastAPI
	$(BIN)/python -m pytest -o faulthandler_timeout=300 -o faulthandler_exit_on_timeout=true \
		tests/recommend/screening/test_clusters.py tests/test_serving_page.py

format: $(VENV)/.installed-lint  ## rewrite files in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:  ## remove the environment and all caches
	rm -rf $(VENV) $(OLDEST) $(NEWEST) .venv-ci build dist docs/_build docs/generated docs/auto_examples .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find sksiamese tests -name __pycache__ -type d -prune -exec rm -rf {} +

# torch goes first and by itself: whatever else is installed then finds the tested version.
$(VENV)/.installed-torch: $(CONSTRAINTS)
	@test -n "$(PYTHON)" || { echo "sksiamese needs Python 3.11 or newer with the venv module;" \
		"none was found. Name one: make <target> PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x $(BIN)/python || { echo "==> creating $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "==> installing torch (a large download)"
	@$(INSTALL) torch
	@touch $@

$(VENV)/.installed-%: $(VENV)/.installed-torch pyproject.toml $(CONSTRAINTS)
	@echo "==> installing sksiamese with the extra '$*'"
	@$(INSTALL) --editable '.[$*]'
	@touch $@

# Keep the stamps: make would take them for intermediate files.
.PRECIOUS: $(VENV)/.installed-%
