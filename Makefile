# Needs Python 3.11 or newer and make; `make help` lists the targets.

PYTHON  ?= python3
HOST    ?= 127.0.0.1
PORT    ?= 8000
DATA    ?= data
WORKERS ?= 3

VENV := .venv
BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Stamps: while neither pyproject.toml nor constraints.txt has changed, nothing is installed again.
PRODUCT := $(VENV)/.installed
TOOLS   := $(VENV)/.installed-dev

.DEFAULT_GOAL := help
.PHONY: help install run demo-telegram demo-slack demo-data test check format bench lock clean test-programs

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16
	@echo 'Variables: HOST PORT DATA for run and the demos; WORKERS ARGS for test; BENCH_DATA for bench.'

install: $(PRODUCT) ## install Firstline into .venv

run: demo-data ## serve the demo company at http://127.0.0.1:8000
	@exec $(BIN)/firstline serve --data '$(DATA)' --host $(HOST) --port $(PORT)

demo-telegram: demo-data ## the same, with a Telegram of its own to write from; ARGS='--mode webhook'
	@exec $(BIN)/python -m tests.fakes.telegram.demo --data '$(DATA)' --port $(PORT) $(ARGS)

demo-slack: demo-data ## the same, with a Slack of its own to write from; ARGS='--mode socket'
	@exec $(BIN)/python -m tests.fakes.slack.demo --data '$(DATA)' --port $(PORT) $(ARGS)

demo-data: $(PRODUCT)
	@if [ ! -d '$(DATA)' ] || [ -e '$(DATA)/.unfinished' ]; then \
	  mkdir -p '$(DATA)' && touch '$(DATA)/.unfinished' && \
	  $(BIN)/firstline init --data '$(DATA)' --demo && rm '$(DATA)/.unfinished'; \
	fi

test: $(TOOLS) test-programs ## run the tests; ARGS='-k queue' chooses some
	@HF_HUB_OFFLINE=1 OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: $(TOOLS) ## formatting, lint, types and the order of the packages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(TOOLS) ## format the code and mend what lint can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(TOOLS) ## run the benchmarks; BENCH_DATA=FOLDER adds those on public data sets
	@[ -d build/demo ] || $(BIN)/firstline init --data build/demo --demo
	PATH=$(BIN):$$PATH $(BIN)/python benchmarks/conversations.py --data build/demo
	$(BIN)/python benchmarks/turn.py build/demo
	$(BIN)/python -m benchmarks.telegram build/demo
	$(BIN)/firstline eval answers --data build/demo
	@if [ -n '$(BENCH_DATA)' ]; then \
	  for each in retrieval risk intents ablation frustration languages scale; do \
	    echo "== $$each" && $(BIN)/python -m benchmarks.$$each '$(BENCH_DATA)' || exit 1; \
	  done; \
	else \
	  echo '== those on public data are left out: BENCH_DATA names no folder'; \
	fi

lock: ## write constraints.txt anew, from the newest versions that pyproject.toml allows
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet -e '.[dev]'
	(sed -n '/^#/p' constraints.txt; \
	 build/lock/bin/python -m pip freeze --all --exclude pip --exclude-editable \
	   | sed 's/+[a-z0-9.]*$$//') > build/constraints.txt
	mv build/constraints.txt constraints.txt && rm -rf build/lock

clean: ## remove caches and build output; .venv and the data stay
	rm -rf build dist test-results .pytest_cache .mypy_cache .ruff_cache .hypothesis \
	  .import_linter_cache *.egg-info
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -exec rm -rf {} +

$(PRODUCT): pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing Firstline into $(VENV); the first time takes some minutes.'
	@$(PIP) -c constraints.txt -e .
	@touch $@

# The tools' environment holds the product too, so this one makes the other's stamp.
$(TOOLS): pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing Firstline and its tools into $(VENV); the first time takes some minutes.'
	@$(PIP) -c constraints.txt -e '.[dev]'
	@touch $(PRODUCT) $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Firstline needs Python 3.11 or newer: make PYTHON=/path/to/python3.11'; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
	  { rm -rf $(VENV); echo 'No venv module: on Debian, apt-get install python3-venv'; exit 1; }

test-programs: $(TOOLS)
	@$(call want,chromium,command -v chromium,the browser tests)
	@$(call want,postgresql,ls /usr/lib/postgresql/*/bin/initdb,the tests on PostgreSQL)
	@$(call want,dovecot-imapd,ls /usr/sbin/dovecot,the tests of e-mail that comes in)
	@$(BIN)/python -m tests.fakes.rasa_environment

# $(1) a Debian package, $(2) the command that succeeds once it is there, $(3) what needs it
define want
$(2) >/dev/null 2>&1 || \
if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
  echo 'Installing $(1) for $(3)'; \
  { apt-get update && apt-get install -y --no-install-recommends $(1); } >/dev/null; \
fi; \
$(2) >/dev/null 2>&1 || \
echo '!!!!  $(1) is missing and cannot be installed here: SKIPPING $(3)  !!!!' >&2
endef
