# Slowworm. `make run` shows what it does, `make test` checks it; both need Python >= 3.11 and nothing else.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := PIP_CONSTRAINT=constraints.txt $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: run test test-all test-peers lint types unit install-size bench-text error-rates fuzz calibrate quality quality-quick quality-page clean help

help:                  ## this list
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 18

$(VENV)/.run: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.11 …")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(PIP) -e '.[dev]'
	@touch $@

run: $(VENV)/.run      ## set up, then hunt through the example captures
	@for file in examples/*.txt; do \
	  echo; echo "\$$ slowworm hunt $$file"; $(BIN)/slowworm hunt $$file || test $$? -eq 3 || exit 1; done
	@echo; echo "\$$ slowworm hunt examples/codered-netflow.txt --explain 193.23.45.35"
	@$(BIN)/slowworm hunt examples/codered-netflow.txt --explain 193.23.45.35

test: lint types unit  ## lint, types and all tests that need Python only

lint: $(VENV)/.dev     ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev    ## strict type check
	$(BIN)/mypy

test-all: test test-peers  ## that, and the tests that need tshark and nfdump

test-peers: $(VENV)/.dev  ## what other tools read of what we write
	$(BIN)/python -m pytest -m peers

unit: $(VENV)/.dev     ## tests, on all processors
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

MINUTES ?= 10

$(VENV)/.fuzz: $(VENV)/.dev
	$(PIP) -e '.[fuzz]' || echo 'no Atheris for this Python: sweeps only, without guidance by coverage'
	@touch $@

fuzz: $(VENV)/.fuzz    ## mutated messages for every decoder (MINUTES=): docs/practice/fuzzing.md
	$(BIN)/python -m tests.fuzz --minutes $(MINUTES)

bench-text: $(VENV)/.dev  ## 1 M lines of show ip cache flow against a regular expression per line
	$(BIN)/python scripts/bench_text.py

error-rates: $(VENV)/.dev ## regenerate the table of naming errors in docs/concepts/targeting.md
	$(BIN)/python scripts/targeting_error_rates.py --write

SEEDS ?= 8
SPAN ?= 3600
JOBS ?= 2

quality: $(VENV)/.dev  ## detection on labelled worlds and against other tools' rules: docs/quality.md (SEEDS= SPAN= JOBS=)
	$(BIN)/python -m scripts.quality --seeds $(SEEDS) --span $(SPAN) --jobs $(JOBS)

quality-quick: $(VENV)/.dev  ## the same with few small worlds, in some minutes: prints, writes nothing
	$(BIN)/python -m scripts.quality --quick --jobs $(JOBS)

calibrate: $(VENV)/.dev ## kinds of hosts as labelled worlds show them, beside those in use
	$(BIN)/python -m scripts.calibrate

quality-page: $(VENV)/.dev  ## docs/quality.md again from docs/quality.json
	$(BIN)/python -m scripts.quality --page

install-size: $(VENV)/.run  ## what the core install takes on disk
	@du -sm $(VENV)/lib/python3*/site-packages | cut -f1

clean:                 ## remove the environment and caches
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis
