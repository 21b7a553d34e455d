# `make` with no target explains itself: a line with two hashes is the help of its target.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
# A stamp names the lock it was made from and the folder it stands in: a new lock, or a clone that was
# moved or copied, installs again; otherwise nothing is asked of the network.
RUN_STAMP := .venv/run-$(shell (pwd; cat pyproject.toml requirements.lock) | cksum | cut -d' ' -f1)
DEV_STAMP := .venv/dev-$(shell (pwd; cat pyproject.toml requirements-dev.lock) | cksum | cut -d' ' -f1)
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-input --require-virtualenv
# The locks name every package, so pip looks for no more; each has a wheel, so nothing is compiled.
FROM_LOCK := --no-deps --require-hashes --only-binary :all: --requirement
# The first interpreter of a supported version; PYTHON=... on the command line goes first.
CANDIDATES := $(PYTHON) python3 python3.13 python3.12 python3.11 python3.14
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-emit-index-url --custom-compile-command 'make lock'

.PHONY: help run test test-long check format bench docs lock changelog clean clean-all

help: ## Show this help
	@echo "Prometheus: every number can be explained. Targets:"
	@echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' \
		| while IFS=$$'\t' read -r name text; do printf '  make %-11s %s\n' "$$name" "$$text"; done
	@echo
	@echo "Needs python 3.11 to 3.14 (PYTHON=/path/to/python to choose one) and, the first time, a package index."
	@echo "Data and databases live in PROMETHEUS_HOME (default ./.prometheus); ARGS=... is passed on."

run: $(RUN_STAMP) ## Install into .venv and run the demo: real prices to decisions, fills and a report
	@$(BIN)/prometheus demo $(ARGS)

test: $(DEV_STAMP) ## Install into .venv and run the everyday tests (under 15 minutes)
	@$(BIN)/python -m pytest $(ARGS)

test-long: $(DEV_STAMP) ## Run the tests that take minutes, such as fifty kills of one backtest
	@$(BIN)/python -m pytest -m long $(ARGS)

check: $(DEV_STAMP) ## Format, lint, types, floors and rooms, documentation
	@echo "ruff format"; $(BIN)/ruff format --check --quiet .
	@echo "ruff check"; $(BIN)/ruff check --quiet .
	@echo "mypy --strict"; $(BIN)/mypy --no-error-summary
	@echo "import-linter"; $(BIN)/lint-imports > .venv/lint-imports.txt \
		|| { cat .venv/lint-imports.txt; exit 1; }
	@echo "architecture and docs tests"; $(BIN)/python -m pytest -q tests/architecture tests/docs

format: $(DEV_STAMP) ## Format the code and repair what ruff can
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench: $(DEV_STAMP) ## Measure speed, each figure beside the raw limit of the same machine
	@$(BIN)/python -m benchmarks $(ARGS)

docs: $(DEV_STAMP) ## Generate the pages that come from the program: command line, dictionary, diagrams
	@$(BIN)/python -m tools.cli_reference > .venv/cli.md && mv .venv/cli.md docs/reference/cli.md
	@$(BIN)/prometheus db init > /dev/null
	@$(BIN)/prometheus db dictionary --output docs/reference
	@$(BIN)/prometheus db erd --output docs/reference

changelog: ## Show the fragments that the next release will gather
	@tail -n +1 changelog.d/*.md

lock: $(DEV_STAMP) ## Resolve the newest allowed versions into both lock files
	@$(LOCK) --upgrade --extra dev pyproject.toml --output-file requirements-dev.lock > /dev/null
	@$(LOCK) --upgrade --extra build --constraint requirements-dev.lock pyproject.toml \
		--output-file requirements.lock > /dev/null

clean: ## Remove caches and build output; .venv and the databases stay
	@rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

clean-all: clean ## Also remove .venv; the databases still stay
	@rm -rf .venv

.venv/python-found: Makefile
	@for candidate in $(CANDIDATES); do \
		if "$$candidate" -c '$(SUPPORTED)' 2> /dev/null; then found="$$candidate"; break; fi; \
	done; \
	if [ -z "$${found:-}" ]; then \
		echo "No python 3.11 to 3.14 among: $(CANDIDATES). Install one, or say PYTHON=/path/to/python." >&2; \
		exit 1; \
	fi; \
	if ! "$$found" -c 'import ensurepip, venv' 2> /dev/null; then \
		echo "$$found has no venv module (on Debian and Ubuntu: apt install python3-venv)." >&2; exit 1; \
	fi; \
	if [ ! -x $(BIN)/python ] || ! $(BIN)/python -c '$(SUPPORTED)' 2> /dev/null; then \
		echo "Creating .venv with $$("$$found" --version)"; \
		rm -rf .venv; "$$found" -m venv .venv; \
	fi; \
	touch $@

$(RUN_STAMP): | .venv/python-found
	@echo "Installing the exact versions of requirements.lock into .venv (once, a minute or two)"
	@$(INSTALL) $(FROM_LOCK) requirements.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@rm -f .venv/run-*; touch $@

$(DEV_STAMP): | .venv/python-found
	@echo "Installing the exact versions of requirements-dev.lock into .venv (once, a minute or two)"
	@$(INSTALL) $(FROM_LOCK) requirements-dev.lock
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@rm -f .venv/dev-*; touch $@
