# Everything sets itself up: a virtual environment in .venv, with the files whose hashes stand in requirements/.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
# Wheels alone, whose hashes are the same on every index; what builds specrun itself is among them.
INSTALL := $(PIP) --no-deps --require-hashes --only-binary :all: --requirement
EDITABLE := $(PIP) --no-deps --no-build-isolation --editable .
# What pip does for an installed package and not for an editable one: every command would compile it anew where
# PYTHONDONTWRITEBYTECODE is set.
COMPILE := $(BIN)/python -m compileall -q specrun
# Has npm install it (or what a folder behind it names), and needs nothing but Python for that: it runs beside pip.
AZURITE := emulator/azurite/server.py
COMPILED := uv pip compile --quiet --universal --python-version 3.10 --no-header --no-annotate pyproject.toml
HASHED := --generate-hashes --constraint constraints.txt $(VENV)/build.in --output-file
# For two processors: about half of the tests wait for something that they have begun.
WORKERS ?= 4

.PHONY: demo emulator live test test-fast test-long check docs benchmark constraints dist release clean

demo: $(VENV)/.demo ## One YAML file, one parameter server, two workers: trains on this machine
	$(BIN)/specrun apply --rerun specs/examples/digits-ps/job.yaml

emulator: $(VENV)/.emulator ## An Azure ML to play with, on this machine: ENV=FILE gets the variables to source
	@test -n "$(ENV)" || { echo "say where the variables go: make emulator ENV=azure.env" >&2; exit 64; }
	@exec $(BIN)/python -m emulator --env "$(ENV)" $(ARGS)

test: $(VENV)/.test ## All tests, with the slow ones: real TensorFlow processes, real faults
	$(BIN)/python -m pytest -n $(WORKERS) -m "not live" $(ARGS)

test-fast: $(VENV)/.test ## The fast tests alone
	$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

test-long: $(VENV)/.test ## Long searches as a whole, by the hour: SPECRUN_SEED=N for others, SPECRUN_LONG=N for more
	$(BIN)/python -m pytest -n 2 -m long $(ARGS)

live: ## The conformance suite on a workspace of yours, which costs money: asks first; see CONTRIBUTING.md
	@test -n "$(SPECRUN_LIVE_WORKSPACE)" || { echo "it needs a workspace, see CONTRIBUTING.md" >&2; exit 64; }
	@$(MAKE) --no-print-directory $(VENV)/.azure
	@$(BIN)/python -m tests.live $(ARGS)

check: $(VENV)/.test ## Style, types, layers, generated documents
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate_spec.py --check
	$(BIN)/python docs/generate_engines.py --check
	$(BIN)/python docs/generate_diagnostics.py --check
	$(BIN)/python docs/generate_options.py --check
	$(BIN)/python docs/replay_migrate.py --check
	$(BIN)/python docs/replay_recorded.py --check
	$(BIN)/python docs/picture_comment.py --check
	$(BIN)/python docs/picture_ui.py --check

docs: $(VENV)/.test ## Write the generated documents anew
	$(BIN)/python docs/generate_spec.py
	$(BIN)/python docs/generate_engines.py
	$(BIN)/python docs/generate_diagnostics.py
	$(BIN)/python docs/generate_options.py
	$(BIN)/python docs/replay_migrate.py
	$(BIN)/python docs/replay_recorded.py
	$(BIN)/python docs/picture_comment.py

benchmark: $(VENV)/.test ## Measure against peers in the same run, and print the ratios
	$(BIN)/python -m benchmarks $(ARGS)

constraints: $(VENV)/.test ## Write constraints.txt and requirements/ anew (needs uv)
	echo "torch==2.13.0" > $(VENV)/pinned.txt
	printf 'hatchling\neditables\n' > $(VENV)/build.in
	echo '# Versions for reproducible test runs on Python 3.10 to 3.13: `make constraints` writes this file anew.' > constraints.txt
	$(COMPILED) --all-extras --constraint $(VENV)/pinned.txt >> constraints.txt
	$(COMPILED) $(HASHED) requirements/demo.txt
	$(COMPILED) $(HASHED) requirements/azure.txt $(foreach extra,azureml azureml-v1 test,--extra $(extra))
	for sdk in azureml azureml-v1; do $(COMPILED) $(HASHED) requirements/$$sdk.txt --extra $$sdk || exit 1; done
	$(COMPILED) $(HASHED) requirements/emulator.txt $(foreach extra,azureml emulator,--extra $(extra))
	$(COMPILED) $(HASHED) requirements/test.txt \
		$(foreach extra,azureml azureml-v1 bayesian notebook test browser check benchmark tensorflow,--extra $(extra))
	$(COMPILED) $(HASHED) requirements/release.txt --extra release
	uv pip compile --quiet --universal --python-version 3.10 --no-header --no-annotate benchmarks/peers/requirements.in \
		--generate-hashes --constraint constraints.txt --output-file benchmarks/peers/requirements.txt

dist: $(VENV)/.release ## Build what would be published in dist/, look into it, and install it where nothing else is
	$(BIN)/python -m release dist $(ARGS)

release: $(VENV)/.release ## Tag a version and build it: VERSION=0.1.0; what publishes it is printed; see CONTRIBUTING.md
	@test -n "$(VERSION)" || { echo "say which: make release VERSION=0.1.0" >&2; exit 64; }
	@$(BIN)/python -m release tag "$(VERSION)"

clean: ## Remove what make has set up
	rm -rf $(VENV)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(VENV)/bin/python pyproject.toml requirements/demo.txt
	$(INSTALL) requirements/demo.txt
	$(EDITABLE)
	$(COMPILE)
	touch $@

# Both SDKs and pytest, without TensorFlow and PyTorch.
$(VENV)/.azure: $(VENV)/bin/python pyproject.toml requirements/azure.txt
	$(INSTALL) requirements/azure.txt
	$(EDITABLE)
	$(COMPILE)
	touch $@ $(VENV)/.demo

# SDK v2 and Azurite; nothing is compiled before it is imported. Runs use the TensorFlow and PyTorch that are there.
$(VENV)/.emulator: $(VENV)/bin/python pyproject.toml requirements/emulator.txt
	$(BIN)/python $(AZURITE) & azurite=$$!; \
	$(INSTALL) requirements/emulator.txt --no-compile && $(EDITABLE) --no-compile; installed=$$?; \
	wait $$azurite && exit $$installed
	touch $@

# PyTorch by its version alone: which of its builds fits a machine is for the machine's index, and each has hashes of its own.
$(VENV)/.test: $(VENV)/bin/python pyproject.toml requirements/test.txt constraints.txt
	$(INSTALL) requirements/test.txt
	$(EDITABLE)
	$(PIP) --constraint constraints.txt "$$(sed -n 's/^pytorch = \["\(.*\)"\]/\1/p' pyproject.toml)"
	$(COMPILE)
	$(BIN)/python $(AZURITE) || echo "without Azurite the tests of the Azure engines are left out" >&2
	$(BIN)/python $(AZURITE) tests/editor || echo "without yaml-language-server the tests of editors are left out" >&2
	@$(BIN)/python -m pytest --collect-only >/dev/null || true  # which compiles them, once and not in each worker
	touch $@ $(VENV)/.demo $(VENV)/.azure $(VENV)/.emulator

# What builds and checks distributions; a set-up of tests stays as it is.
$(VENV)/.release: $(VENV)/bin/python pyproject.toml requirements/release.txt
	$(INSTALL) requirements/release.txt
	touch $@
