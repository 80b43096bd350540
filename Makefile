# make run                     from nothing to a registry made of samples/
# make run DICOMS=/archive     the same with your own films
# make test, make check        what must pass

DICOMS ?= samples
PYTHON ?=
HOME_FOLDER := $(or $(INGEST_HOME),$(CURDIR)/var)
WAREHOUSE := $(abspath $(or $(INGEST_WAREHOUSE),$(HOME_FOLDER)/warehouse.duckdb))

BIN := .venv/bin
DBT_FOLDERS := --project-dir dbt_project --profiles-dir dbt_project
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input --constraint constraints.txt
PIP_LOG := .venv/install.log
CHECK_HOME := var/check

.DEFAULT_GOAL := help
.PHONY: help run dbt test check lint samples install clean
.DELETE_ON_ERROR:

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/:/' | awk -F': *' '{printf "make %-9s %s\n", $$1, $$2}'

run dbt: export INGEST_WAREHOUSE = $(WAREHOUSE)

run: .venv/run.stamp ## read DICOMS (samples/ unless given), build the registry and print what is in it
	@$(BIN)/ingest run "$(DICOMS)"
	@$(MAKE) --no-print-directory dbt

dbt: .venv/run.stamp ## build the registry tables from what has been read
	@echo "building and testing the registry tables (dbt, about 20 seconds) ..."
	@$(BIN)/dbt --quiet build --exclude-resource-type unit_test $(DBT_FOLDERS)
	@echo "The registry is ready: schema registry of $(WAREHOUSE)"

test: .venv/dev.stamp ## all tests, the end-to-end ones with a real Triton and a real dbt included
	@$(BIN)/python -m pytest -q

lint: .venv/dev.stamp ## style, types and import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check: lint .venv/engines.stamp test ## everything a change must pass
	@$(BIN)/pip check
	@$(BIN)/ingest models compile --device sm86 --again --out $(CHECK_HOME)/engines --home $(CHECK_HOME)
	@mkdir -p $(CHECK_HOME)
	@INGEST_HOME=$(CURDIR)/$(CHECK_HOME) INGEST_WAREHOUSE=$(CURDIR)/$(CHECK_HOME)/warehouse.duckdb $(BIN)/ingest run samples
	@INGEST_WAREHOUSE=$(CURDIR)/$(CHECK_HOME)/warehouse.duckdb $(BIN)/dbt --quiet --warn-error build --exclude-resource-type unit_test $(DBT_FOLDERS) \
		--target-path $(CURDIR)/$(CHECK_HOME)/target --log-path $(CURDIR)/$(CHECK_HOME)/log
	@echo "all checks passed"

.venv/engines.stamp: .venv/dev.stamp
	@echo "installing TensorRT for RTX (0.25 GB; NVIDIA's licence), whose builder needs no GPU"
	@$(PIP) --editable '.[dev,engines]' > $(PIP_LOG) 2>&1 || { cat $(PIP_LOG); exit 1; }
	@touch $@

samples: .venv/dev.stamp ## make samples/ again from its seed
	@$(BIN)/python -m simulation samples --out samples --seed 7

install: .venv/run.stamp ## the virtual environment .venv only

clean: ## remove the environment and caches; var/ with your registry stays
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache \
		dbt_project/target dbt_project/logs $(CHECK_HOME)

.venv/bin/python:
	@python=$$(.ci/find-python $(PYTHON)) || exit 1; \
	echo "making .venv with $$("$$python" --version) ($$python)"; \
	rm -rf .venv; "$$python" -m venv .venv

.venv/run.stamp: .venv/bin/python pyproject.toml constraints.txt
	@echo "installing the pinned packages into .venv (about 1 GB; 1 to 5 minutes, once)"
	@$(PIP) --editable . > $(PIP_LOG) 2>&1 || { cat $(PIP_LOG); exit 1; }
	@touch $@

.venv/dev.stamp: .venv/run.stamp
	@echo "installing what the tests need (another 0.5 GB)"
	@$(PIP) --editable '.[dev]' > $(PIP_LOG) 2>&1 || { cat $(PIP_LOG); exit 1; }
	@touch $@
