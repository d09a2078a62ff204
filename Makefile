# make help says what there is. The environment is made once a lock and works offline afterwards.

PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
LOCKED := $(VENV)/locked-$(shell cksum requirements.lock | cut -d' ' -f1)
UV := $(shell command -v uv 2>/dev/null)

export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: help install report site notebooks data verify multiverse doctor test fuzz mutants lint format lock clean

help:  ## Show this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(LOCKED)  ## Make .venv from requirements.lock, every file checked by its hash

$(LOCKED):
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed: make PYTHON=...')"
ifdef UV
	@test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) $(VENV)
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
else
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
endif
	@rm -f $(VENV)/locked-* && touch $@

report: install  ## Write the PDFs and the HTML page to reports/build
	$(BIN)/sanctuary report --jobs $(JOBS)

site: install  ## Write the site to build/site: front page, paper, explorer, documentation, data (needs Node.js)
	@test -f reports/build/paper/index.html || $(BIN)/sanctuary report --jobs $(JOBS)
	@$(BIN)/python -c "import sphinx" 2>/dev/null || $(BIN)/python -m pip install --quiet -e '.[site]'
	$(BIN)/sanctuary site

notebooks: install  ## Run every notebook and say whether it runs
	$(BIN)/sanctuary notebooks --jobs $(JOBS)

data: install  ## Rebuild the panels from the published files
	$(BIN)/sanctuary data

verify: install  ## Hold every published figure against what the data say
	$(BIN)/sanctuary verify

multiverse: install  ## Estimate thousands of specifications anew; can be stopped and started again
	$(BIN)/sanctuary multiverse --jobs $(JOBS)

doctor: install  ## Say what is missing here and how to get it
	$(BIN)/sanctuary doctor

test: install  ## Run all tests, on two processes
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

mutants: install  ## Change every operator of estimators and panels in turn and see a test fail (hours; goes on where it was)
	test -f build/mutants/reach.json || $(BIN)/python -m scripts.mutants record
	$(BIN)/python -m scripts.mutants run $(MUTANTS)

fuzz: install  ## Read thousands of damaged files and master files, and write docs/fuzz.csv (needs data/raw)
	$(BIN)/python tests/support/fuzz_readers.py --jobs $(JOBS)

lint: install  ## Check style, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: install  ## Put the code into its style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock:  ## Resolve pyproject.toml into requirements.lock: names, versions and hashes, no addresses (needs uv)
	$(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --all-extras pyproject.toml -o requirements.lock

clean:  ## Remove built reports and caches; panels and raw files stay
	rm -rf reports/build build dist .mypy_cache .ruff_cache .import_linter_cache .hypothesis .pytest_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
