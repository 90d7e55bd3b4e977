# The same verbs here and in CI. `make demo` and `make test` need nothing but Python 3.11+ and make.
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
BOOT ?= python
else
BIN := $(VENV)/bin
BOOT ?= python3
endif
DATA ?=
# Not taken from the environment, where some systems set NAME.
NAME =
PICTURES =
RESUME =
# More than there are cores: for a third of their time, tests wait for processes, servers and disks. On two cores, three
# workers take 12 minutes where two take 14.
TEST_WORKERS ?= $(shell $(BOOT) -c "import os; print((3 * (os.cpu_count() or 1) + 1) // 2)")
# Some containers forbid it, and every process that the tests start would compile the package again.
unexport PYTHONDONTWRITEBYTECODE
UPGRADE ?=
BUNDLE ?=
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: \
	--no-strip-extras --no-header --no-annotate --no-emit-index-url --no-emit-find-links $(UPGRADE)

.PHONY: install torch lock demo example docs test test-fast check bench networked live-aws clean
.PHONY: lint lint-js lint-python lint-types
install: $(VENV)/.installed

# Wheels alone: to build one from source would run build tools that no lock has the hash of.
$(VENV)/.installed: pyproject.toml requirements-dev.txt
	$(BOOT) -m venv $(VENV)
	$(PIP) --require-hashes --only-binary :all: --requirement requirements-dev.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	touch $@

# Some gigabytes on Linux, where PyPI's wheels bring CUDA. `make test TORCH=` and what has no use for it go without.
TORCH = torch
torch: $(VENV)/.torch

$(VENV)/.torch: $(VENV)/.installed requirements-torch.txt
	$(PIP) --require-hashes --only-binary :all: --requirement requirements-torch.txt
	touch $@

# Keeps the locked versions that pyproject.toml still allows. `make lock UPGRADE=--upgrade` takes the newest ones, and
# `make lock UPGRADE="--upgrade-package NAME"` upgrades one of them.
lock: install
	$(LOCK) pyproject.toml --extra dev --output-file requirements-dev.txt
	$(LOCK) pyproject.toml --extra torch --constraint requirements-dev.txt --output-file requirements-torch.txt
	$(LOCK) --group node --output-file tools/javascript/requirements.txt
	$(LOCK) src/discern/shipping/container/requirements.in --constraint requirements-dev.txt \
		--output-file src/discern/shipping/container/requirements.txt

demo: install
	$(BIN)/python tools/demo.py $(if $(DATA),"$(DATA)")

# `make example NAME=scones DATA=path/to/cifar-100-python.tar.gz`; without NAME it lists the names.
example: install $(if $(filter bins banana fruit,$(NAME)),torch)
	$(BIN)/python -m examples $(if $(NAME),"$(NAME)",--help) $(if $(DATA),--data "$(DATA)") \
		$(if $(PICTURES),--pictures $(PICTURES)) $(if $(RESUME),--resume)

docs: install
	$(BIN)/python -m tools.write_cli_reference
	$(BIN)/python -m tools.write_python_reference
	$(BIN)/python -m tools.write_formats_reference
	$(BIN)/python -m tools.write_example_notebooks

test: install $(TORCH) lint
	$(BIN)/python -m pytest -n $(TEST_WORKERS)

# Leaves out the tests that take more than about three seconds.
test-fast: install
	$(BIN)/python -m pytest -n $(TEST_WORKERS) -m "not slow"

# Targets of their own, so that `make -j2 lint` runs them side by side.
lint: lint-js lint-python lint-types

lint-python: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

lint-types: install
	$(BIN)/mypy

# Skipped with a message where Node.js and the packages cannot be installed; in continuous integration it must run.
lint-js: install
	$(BIN)/python -m tools.lint_javascript

check: test

bench: install $(TORCH)
	$(BIN)/python benchmarks/run.py

# Downloads weights of 0.9 GB, trains with them and compares: see tools/networked.py. DATA=FOLDER has the packs.
networked: install torch
	$(BIN)/python -m tools.networked $(if $(DATA),--data "$(DATA)")

# Deploys to a real AWS account, asks, removes everything and proves it. LIVE_AWS=yes confirms the account that it names.
live-aws: install
	$(BIN)/python -m tools.live_aws "$(BUNDLE)" "$(PICTURES)"

clean:
	rm -rf $(VENV) examples/out .pytest_cache .mypy_cache .ruff_cache .hypothesis tools/javascript/node_modules
