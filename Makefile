# One door for every task. `make demo` and `make test` are all that a newcomer needs: each sets up first.

PYTHON ?= $(shell tools/python)
VENV   ?= .venv
BIN    := $(VENV)/bin

.PHONY: demo test check fix fresh setup setup-test checkov bench clean

demo: setup ## the main job, on the embedded lab: build, prove, deploy, answer, break, explain, mend
	$(BIN)/python tools/demo.py

# Labs wait more than they work, so three files are run at a time, on any number of processors.
test: setup-test ## every test, lab and browser included
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile $(ARGS)

check: setup-test ## lint, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: setup-test ## what can be mended without thought
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

fresh: ## the README's two commands in an empty Debian root, as root and as an ordinary user
	tools/fresh

checkov: setup ## checkov on every option's templates: every failed check has its reason in docs/decisions.md
	$(BIN)/python tools/checkov.py

bench: setup-test ## the figures of benchmarks/README.md
	$(BIN)/python -m benchmarks

setup: packages $(VENV)/natless.ready examples/hello/busybox

setup-test: packages-test $(VENV)/natless-test.ready

# Asked for in one go, so that who cannot install sees one line with everything in it.
.PHONY: packages packages-test
packages:
	@tools/packages python run

packages-test:
	@tools/packages python run test

# The examples' images are this one static program; it is no part of the repository.
examples/hello/busybox examples/instances/busybox: | packages
	@cp "$$(command -v busybox)" $@

# What that example's image is made of; likewise.
examples/jobs/python: $(VENV)/natless.ready
	@$(BIN)/python tools/python_tree.py $@

$(VENV)/natless.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable '.[lab]'
	@touch $@

$(VENV)/natless-test.ready: $(VENV)/natless.ready
	$(BIN)/python -m pip install --quiet --editable '.[lab]' --group dev
	@touch $@

clean: ## what set-up and the tests made
	rm -rf $(VENV) .venv-checkov .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache examples/hello/busybox examples/instances/busybox examples/jobs/python
