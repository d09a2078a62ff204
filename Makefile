# make help says what there is. The environment is made once a lock and works offline afterwards.

PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
LOCKED := $(VENV)/locked-$(shell cksum requirements.lock | cut -d' ' -f1)
LOCKED_DEV := $(VENV)/locked-dev-$(shell cat requirements.lock requirements-dev.lock | cksum | cut -d' ' -f1)
UV := $(shell command -v uv 2>/dev/null)

RESOLVE := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

export OPENBLAS_NUM_THREADS := 1
export OMP_NUM_THREADS := 1

# The report's lock is part of the tests' lock, so that one environment serves both; it only ever grows.
define environment
$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed: make PYTHON=...')"; \
if [ -n "$(UV)" ]; then set -e; \
  test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) $(VENV); \
  $(UV) pip install --quiet --python $(BIN)/python --require-hashes -r $(1); \
  $(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .; \
else set -e; \
  test -x $(BIN)/python || $(PYTHON) -m venv $(VENV); \
  $(BIN)/python -m pip install --quiet --require-hashes -r $(1); \
  $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .; \
fi
endef

.DEFAULT_GOAL := help
.PHONY: help install dev report site notebooks data verify multiverse doctor test coverage fuzz mutants lint format lock clean

help:  ## Show this list
	@awk -F':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(LOCKED)  ## Make .venv with what the report needs, every file checked by its hash

dev: $(LOCKED_DEV)  ## Add what the tests need: peers, developer tools

$(LOCKED): requirements.lock
	@$(call environment,requirements.lock)
	@rm -f $(VENV)/locked-* && touch $@

$(LOCKED_DEV): requirements-dev.lock
	@$(call environment,requirements-dev.lock)
	@rm -f $(VENV)/locked-* && touch $(LOCKED) $@

report: install  ## Write the PDFs and the HTML page to reports/build
	$(BIN)/sanctuary report --jobs $(JOBS)

site: dev  ## Write the site to build/site: front page, paper, explorer, documentation, data (needs Node.js)
	@test -f reports/build/paper/index.html || $(BIN)/sanctuary report --jobs $(JOBS)
	@$(BIN)/python -c "import sphinx" 2>/dev/null || $(BIN)/python -m pip install --quiet -e '.[site]'
	$(BIN)/sanctuary site

notebooks: install  ## Run every notebook and say whether it runs
	$(BIN)/sanctuary notebooks --jobs $(JOBS)

data: dev  ## Rebuild the panels from the published files
	$(BIN)/sanctuary data

verify: install  ## Compare every published figure with what the data say
	$(BIN)/sanctuary verify

multiverse: install  ## Estimate thousands of specifications anew; can be stopped and started again
	$(BIN)/sanctuary multiverse --jobs $(JOBS)

doctor: install  ## Say what is missing here and how to get it
	$(BIN)/sanctuary doctor

test: dev  ## Run all tests, on two processes
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

coverage: dev  ## Run all tests and write which lines of the package they reach
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -n $(JOBS) --dist loadfile; code=$$?; \
	$(BIN)/python -m coverage combine --quiet && $(BIN)/python -m coverage report --skip-covered; exit $$code

mutants: dev  ## Change every operator of estimators and panels in turn and see a test fail (hours; goes on where it was)
	test -f build/mutants/reach.json || $(BIN)/python -m scripts.mutants record
	$(BIN)/python -m scripts.mutants run $(MUTANTS)

fuzz: dev  ## Read thousands of damaged files and master files, and write docs/fuzz.csv (needs data/raw)
	$(BIN)/python -m scripts.fuzz.readers --jobs $(JOBS)

lint: dev  ## Check style, types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: dev  ## Put the code into its style
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock:  ## Resolve pyproject.toml into the two locks: names, versions and hashes, no addresses (needs uv)
	$(UV) pip compile $(RESOLVE) --all-extras pyproject.toml -o requirements-dev.lock
	$(UV) pip compile $(RESOLVE) --extra report --extra fast --constraint requirements-dev.lock pyproject.toml -o requirements.lock

clean:  ## Remove built reports and caches; panels and raw files stay
	rm -rf reports/build build dist .coverage .coverage.* .mypy_cache .ruff_cache .import_linter_cache .hypothesis .pytest_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
