# The project's only task vocabulary. Needs python3 (3.11 or newer) and, for the tests, Chromium; a
# Python of another name is taken with, for example: make install PYTHON=python3.13

PYTHON ?= python3

# Relative, so that a checkout below a folder with a space in its name works.
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/installed

# A virtual environment whose Python has been removed or upgraded away is made again.
ifneq ($(wildcard $(STAMP)),)
  ifneq ($(shell $(PY) -c "print('works')" 2>/dev/null),works)
    $(shell rm -f $(STAMP))
  endif
endif

.DEFAULT_GOAL := help
.PHONY: help install demo up down status clean distclean test lint format lock chaos bench-detector bench-api bench-dashboard bench-codec openapi fuzz screenshots

help: ## Show this list
	@echo "FinGuard: make TARGET"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-15s %s\n", $$1, $$2 }'

install: $(STAMP) ## Make .venv with the pinned packages
	@:

demo: install ## Run everything, and open http://localhost:8501 (Ctrl-C stops)
	@exec $(PY) -m devstack demo

up: install ## Start Kafka, Redis and PostgreSQL, and leave them running
	@exec $(PY) -m devstack up

down: ## Stop what `make up` or `make demo` has started
	$(call with_stack,down)

status: install ## Tell how the services are
	@exec $(PY) -m devstack status

clean: ## Stop everything, and drop the services' data and logs
	$(call with_stack,clean)

distclean: clean ## Also drop .venv, downloads and caches
	rm -rf $(VENV) .finguard .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Where nothing has ever been started there is nothing to stop.
define with_stack
	@[ ! -d .finguard ] || { $(MAKE) --no-print-directory install && exec $(PY) -m devstack $(1); }
endef

# Runs one check under its name, and says how long it took.
define check
	@printf '== %s\n' '$(1)'
	@begin=$$(date +%s); $(PY) $(2) || { echo '== $(1) FAILED' >&2; exit 1; }; \
	  echo "   ok after $$(( $$(date +%s) - begin )) s"
endef

lint: install ## Check style, types and the direction of imports
	$(call check,ruff check,-m ruff check --quiet .)
	$(call check,ruff format,-m ruff format --quiet --check .)
	$(call check,mypy,-m mypy --no-error-summary)
	$(call check,import-linter,$(VENV)/bin/lint-imports)

test: lint ## Check everything: lint, and all tests against real services
	@echo '== downloads of the services'
	@$(PY) -m devstack fetch
	@echo '== browser'
	@$(PY) -m devstack.chromium
	@echo '== pytest'
	# Two stacks side by side, since much of the time goes into waiting for programs to start; more
	# would keep one another from working. The order is that of tests/conftest.py.
	@exec $(PY) -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

bench-detector: install ## Measure the detector beside its peers (see docs/benchmarks.md)
	@exec $(PY) -m bench.detector $(if $(ONLY),--only $(ONLY)) $(if $(MESSAGES),--messages $(MESSAGES)) $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(SECONDS),--seconds $(SECONDS))

bench-api: install ## Measure the API with 5,000,000 alerts (see docs/benchmarks.md)
	@exec $(PY) -m bench.api $(if $(ONLY),--only $(ONLY)) $(if $(ALERTS),--alerts $(ALERTS)) $(if $(WORKERS),--workers $(WORKERS)) $(if $(TIMES),--times $(TIMES)) $(if $(RATE),--rate $(RATE)) $(if $(SECONDS),--seconds $(SECONDS))

bench-dashboard: install ## Measure the dashboard with 1,000,000 alerts behind it (see docs/benchmarks.md)
	@exec $(PY) -m bench.dashboard $(if $(ONLY),--only $(ONLY)) $(if $(ALERTS),--alerts $(ALERTS)) $(if $(VISITS),--visits $(VISITS)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(TIMES),--times $(TIMES)) $(if $(RATE),--rate $(RATE))

chaos: install ## Provoke every fault of docs/faults.md on real processes (ROWS=9,17 for some)
	@$(PY) -m devstack fetch
	@exec $(PY) -m tests.chaos --rows "$(ROWS)"

fuzz: install ## Attack the API with schemathesis (CASES=500, SECONDS=600 as each role, SEED=1)
	@$(PY) -m devstack fetch
	@exec $(PY) -m tests.fuzz $(if $(CASES),--cases $(CASES)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

screenshots: install ## Take the pictures of docs/images from the running dashboard
	@$(PY) -m devstack fetch
	@exec $(PY) -m tests.screenshots

openapi: install ## Write the API's description to docs/openapi.json
	@$(PY) -m finguard.api.openapi > docs/openapi.json.new && mv docs/openapi.json.new docs/openapi.json

bench-codec: install ## Measure what decoding one event costs
	@$(PY) -m bench.codec

format: install ## Bring the code into the project's format
	$(PY) -m ruff check --fix-only --quiet .
	$(PY) -m ruff format .

lock: install ## Rewrite the pinned requirements from pyproject.toml
	$(PY) -m uv pip compile --quiet --universal --upgrade --no-emit-index-url --custom-compile-command "make lock" pyproject.toml --output-file requirements.txt
	$(PY) -m uv pip compile --quiet --universal --upgrade --no-emit-index-url --custom-compile-command "make lock" pyproject.toml --group stack --group dev --constraint requirements.txt --output-file requirements-dev.txt

# The pins already name every package, so pip has nothing to resolve; and what nobody imports
# need not be compiled. Both halve the time. The stamp goes first: an interrupted installation
# starts afresh.
$(STAMP): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "FinGuard needs Python 3.11 or newer, and '$(PYTHON)' is none. Name one like this: make install PYTHON=python3.12" >&2; exit 1; }
	@if [ ! -f $@ ]; then echo "Making $(VENV) ..."; rm -rf $(VENV); $(PYTHON) -m venv $(VENV) || { \
	  rm -rf $(VENV); echo "This Python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }; fi
	@rm -f $@
	@echo "Installing the packages of requirements-dev.txt ..."
	@$(PY) -m pip install --quiet --no-user --disable-pip-version-check --no-deps --no-compile --requirement requirements-dev.txt
	@touch $@
