# Two doors in: `make demo` and `make test`. Either builds .venv the first time.
PYTHON ?= python3
BIN    := .venv/bin
READY  := .venv/.ready

.PHONY: demo test check bench soak soak-audit mutants docs lock clean help

help:            ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/'

demo: $(READY)   ## play four repair orders, prove their log, catch three forgeries
	@$(BIN)/python -m adapters.inbound.cli demo

test: check      ## everything CI runs: format, lint, types, floors, tests, coverage
	$(BIN)/coverage run -m pytest --numprocesses=$$(($$(nproc) + 1)) --dist=worksteal  # they wait for disks, too; neighbours share fixtures
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

check: $(READY)  ## format, lint, types and floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: $(READY)  ## ratios against hand-written floors, in one run (never part of the tests)
	$(BIN)/python -m bench

soak: $(READY)   ## the crash, race and Hypothesis tests at length
	$(BIN)/python -m pytest -m soak

soak-audit: $(READY)  ## 100,000 honest operations, kills among them: no bundle raises a false alarm
	$(BIN)/python -m pytest -m soak_audit

mutants: $(READY)  ## break every guard in turn, and see that a test fails for it
	$(BIN)/python -m tests.mutants

docs: $(READY)   ## write the generated parts of README and docs anew
	$(BIN)/python -m tests.docs

lock: $(READY)   ## write the versions in .venv to constraints.txt
	$(BIN)/pip freeze --exclude-editable > constraints.txt
	touch $(READY)

clean:           ## forget .venv
	rm -rf .venv

# Debian's python3 may come without ensurepip: then the system's pip fills the venv.
$(READY): pyproject.toml $(wildcard constraints.txt)
	rm -rf .venv
	$(PYTHON) -m venv .venv 2>/dev/null || { rm -rf .venv; $(PYTHON) -m venv --without-pip .venv \
	  && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet $(addprefix --constraint ,$(wildcard constraints.txt)) \
	  --group dev --editable '.[cli,pg,webhook,brokers,people,proof,report]'
	touch $@
