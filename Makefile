# The tasks of this clone: `make` lists them. Options for a task go in ARGS,
# e.g. make test ARGS='-k pacing'. Preparation speaks on stderr: stdout is the task's own.
.DEFAULT_GOAL := help
.PHONY: help demo up test lint bench lock clean
PYTHON := .venv/bin/python
# Python keeps what it compiles, whatever the machine says: each process starts seconds sooner
unexport PYTHONDONTWRITEBYTECODE
# four test files side by side: many wait for telephone calls; ARGS='-n 0' runs one after another
SIDE_BY_SIDE := -n 4 --dist loadfile --no-loadscope-reorder --durations 12

help:    ## list the tasks
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo:    ## call the sample patients on a simulated voice gateway and show the console
	@./prepare
	@.venv/bin/aftercall demo $(ARGS)

up:      ## run Aftercall for real, without sample data
	@./prepare
	@.venv/bin/aftercall up $(ARGS)

test:    ## run all tests, real Asterisk and real PostgreSQL included (ARGS go to pytest)
	@./prepare dev
	@$(PYTHON) -m aftercall.provision --browser
	@$(PYTHON) -m pytest $(SIDE_BY_SIDE) $(ARGS)

lint:    ## check style, types and the floors that imports keep to
	@./prepare dev
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

bench:   ## measure, e.g. make bench ARGS='NAME --json'
	@./prepare
	@.venv/bin/aftercall bench $(ARGS)

lock:    ## make the requirement locks anew (ARGS='--upgrade' for newer versions)
	@./prepare lock $(ARGS)

clean:   ## remove the virtual environment and the caches of this clone
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name node_modules -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
