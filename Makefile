# `make run` tries the shop on this machine, `make test` proves it. What each target needs is installed on the way.
.DEFAULT_GOAL := help
.PHONY: help setup run serve test lint format bench screenshots translations clean

PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
  $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done)
SETUP = @$(if $(PYTHON),$(PYTHON) scripts/setup.py,echo "Python 3.11 or newer is needed, and none was found." >&2; exit 1;)
IN_VENV = .venv/bin/python

help:
	@echo "make run          the shop, its worker and a WeChat of its own, on this machine"
	@echo "make test         the whole suite; one part: make test ARGS='tests/kernel -k money'"
	@echo "make lint         style, types, layers, security;  make format puts the style right"
	@echo "make serve        production: web and worker, from settings only"
	@echo "make bench        speed and size, as ratios"
	@echo "make screenshots  the pictures of the README"
	@echo "make translations brings new texts into the English catalogue and says what is missing"
	@echo "make setup        only install;  make clean  remove all that was installed or made"

setup:
	$(SETUP) --dev

run:
	$(SETUP)
	@exec $(IN_VENV) -m scripts.run

serve:
	$(SETUP)
	@exec $(IN_VENV) -m scripts.serve

test:
	$(SETUP) --dev
	@$(IN_VENV) -m scripts.test $(ARGS)

lint:
	$(SETUP) --dev
	@$(IN_VENV) -m scripts.lint

format:
	$(SETUP) --dev
	@$(IN_VENV) -m ruff check --fix-only --quiet .
	@$(IN_VENV) -m ruff format --quiet .

bench:
	$(SETUP) --dev
	@$(IN_VENV) -m tests.bench $(ARGS)

screenshots:
	$(SETUP) --dev
	@$(IN_VENV) -m scripts.screenshots

translations:
	$(SETUP) --dev
	@$(IN_VENV) -m scripts.translations

clean:
	rm -rf .venv node_modules var .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage htmlcov
	rm -f shopapp/translations/*/LC_MESSAGES/messages.mo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
