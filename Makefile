# Every target sets up .venv by itself; `make` alone lists them.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
BIN := .venv/bin
RUN := .venv/.ready-run
DEV := .venv/.ready-dev
NO_NEWS := --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate

.PHONY: help report test lab check lint notebooks clean

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

report: $(RUN) ## execute what changed and build build/report/index.html; RUNS="NAME --strict" for some, or options
	@$(BIN)/county-metrics report $(RUNS)

test: $(DEV) ## every test
	@$(BIN)/python tools/run_tests.py

lab: $(RUN) ## open the notebooks in JupyterLab
	@# JupyterLab draws the figures that these notebooks keep only where it trusts them.
	@$(BIN)/jupyter trust notebooks/0*.ipynb >/dev/null 2>&1 || true
	@$(BIN)/jupyter lab --notebook-dir=notebooks $(NO_NEWS)

check: $(RUN) ## check data and params files; SOURCES=DIR checks your copy of the texts too
	@$(BIN)/county-metrics check
	@$(if $(SOURCES),$(BIN)/county-metrics verify --sources $(SOURCES))

lint: $(DEV) ## style and types
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

notebooks: $(DEV) ## execute the notebooks with their defaults and keep the outputs in them
	@$(BIN)/python tools/refresh_notebooks.py

clean: ## remove everything that was built; .venv stays
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(RUN): requirements.lock pyproject.toml
	@sh tools/bootstrap.sh requirements.lock $@

$(DEV): requirements-dev.lock requirements.lock pyproject.toml
	@sh tools/bootstrap.sh requirements-dev.lock $@ && touch $(RUN)
