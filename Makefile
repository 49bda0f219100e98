# Two commands: `make demo` and `make test`. Each sets everything up first.
# Needs Python 3.11 or newer (with venv) and make; PYTHON=python3.12 chooses another one.
PYTHON ?= python3
VENV ?= .venv
FLOWER := $(VENV)-flower
BIN := $(VENV)/bin

# uv is several times quicker than pip; where it cannot be had, pip does the same.
install = { $(BIN)/python -m pip install --quiet --disable-pip-version-check uv && \
	$(BIN)/uv pip install --quiet --no-deps $(3) --python $(1) $(2); } || \
	$(1) -m pip install --quiet --disable-pip-version-check --no-deps $(2)

compile = $(BIN)/uv pip compile pyproject.toml $(1) --universal --python-version 3.11 --quiet \
	--no-header --no-annotate --no-emit-index-url --output-file $(2)

.PHONY: setup flower demo test bench docs lint lock clean

setup: $(VENV)/ready

$(VENV)/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "Python's venv module is needed (Debian and Ubuntu: apt-get install python3-venv)" >&2; exit 1; }
	@echo "Installing the pinned packages into $(VENV) (a minute or two, once) ..."
	@$(call install,$(BIN)/python,-r requirements.lock,--compile-bytecode)
	@$(call install,$(BIN)/python,--no-build-isolation --editable .)
	@# Where Python may write no bytecode, every command would compile again, for seconds.
	@$(BIN)/python -m compileall -q ketresponse.py features training serving experiments
	@touch $@

# Flower, with what a centre's part of a network needs: beside the other environment, since the two
# do not agree on versions. What they agree on is the same, and so the numbers are. Compiled is what
# a node and a lead import, a quarter of all.
flower: $(FLOWER)/ready

$(FLOWER)/ready: requirements-flower.lock $(VENV)/ready
	@$(PYTHON) -m venv $(FLOWER)
	@echo "Installing Flower into $(FLOWER) (half a minute, once) ..."
	@$(call install,$(FLOWER)/bin/python,-r requirements-flower.lock)
	@$(call install,$(FLOWER)/bin/python,--no-build-isolation --editable .)
	@PYTHONDONTWRITEBYTECODE= $(FLOWER)/bin/python -c \
		"import flwr.simulation, training.network.flower.app, training.network.publishing.publish"
	@touch $@

demo: $(VENV)/ready
	@$(BIN)/ketresponse demo

test: $(VENV)/ready $(FLOWER)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@# Without files of bytecode every process would rewrite and compile all test modules again.
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest

# What everything costs, beside what was kept: about ten minutes, best with nothing else running.
# ARGS="prompt --keep" runs one of them and keeps it; docs/performance.md says how to read it.
bench: $(VENV)/ready
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m experiments.benchmarks.bench $(ARGS)

# The documentation as a site, in build/site: open index.html, or put it on any web server.
# Not quietly: mkdocs counts no warning then, and nothing would be an error.
docs: $(VENV)/ready
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "build/site/index.html"

lint: $(VENV)/ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Renew the pins for every Python this project supports: all extras; and Flower with what a centre's
# part needs, in the versions of the first wherever Flower takes them.
lock:
	@$(BIN)/python -m pip install --quiet uv
	@$(call compile,--all-extras --upgrade,requirements.lock)
	@cp requirements.lock requirements-flower.lock
	@$(call compile,--extra train --extra files --group flower,requirements-flower.lock)

clean:
	rm -rf $(VENV) $(FLOWER) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
