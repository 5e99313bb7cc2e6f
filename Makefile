# Each target sets up what it needs: Python 3.11 or newer, make and a package index are all it assumes.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet

.PHONY: demo test check lint types format requirements clean

demo: $(VENV)/run ## Watch manifests/ against a local stand-in for the chat service
	@set -m 2>/dev/null; $(BIN)/reconciler demo # job control: Ctrl-C reaches the demo and not make

test: lint types ## The whole suite, lint, types and import contracts
	$(BIN)/pytest --numprocesses 3 --dist worksteal # more than cores: many tests wait for a program

.PHONY: coverage
coverage: $(VENV)/dev ## The whole suite once more, and which lines it leaves out; takes half as long again
	$(BIN)/pytest --numprocesses 2 --dist worksteal --cov --cov-report=term

check: lint types ## A developer's loop: without the slow tests and those of whole programs
	HYPOTHESIS_PROFILE=glance $(BIN)/pytest --numprocesses 3 --dist worksteal -m "not slow" --ignore tests/program \
		--ignore tests/web --ignore tests/deploy --ignore tests/bench

lint: $(VENV)/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/hadolint Dockerfile

types: $(VENV)/dev
	$(BIN)/mypy

format: $(VENV)/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

requirements: $(VENV)/created ## Pin anew, with hashes, from pyproject.toml
	$(PIP) install uv
	$(BIN)/uv pip compile $(PINNING) pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile $(PINNING) --group build -o requirements/build.txt
	$(BIN)/uv pip compile $(PINNING) pyproject.toml --group dev -o requirements/dev.txt
	$(BIN)/uv pip compile $(PINNING) --group bench -o requirements/bench.txt
PINNING := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate \
	--no-strip-extras # pip looks for "coverage[toml]" by itself, and refuses a newer one than is pinned

$(VENV)/created:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "reconciler needs Python 3.11 or newer; this is %s. Name one: make PYTHON=python3.12" % sys.version.split()[0])'
	@$(PYTHON) -m venv --clear $(VENV)
	@touch $@

$(VENV)/run: requirements/run.txt pyproject.toml $(VENV)/created
	@echo "installing what the program needs into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements/run.txt
	@$(PIP) install --require-hashes -r requirements/build.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev: requirements/dev.txt $(VENV)/run
	@echo "installing what the tests need into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

clean:
	rm -rf $(VENV) $(PEERS) .bench dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

.PHONY: test-image
test-image: $(VENV)/dev ## The container image, built and run for real; needs podman
	$(BIN)/pytest tests/image/prove_image.py

.PHONY: dashboard
dashboard: $(VENV)/dev ## Write deploy/grafana/reconciler.json from the code beside it
	$(BIN)/python -m deploy.grafana.dashboard

.PHONY: screenshots
screenshots: $(VENV)/dev ## Take docs/images anew, from a daemon that runs; needs chromium
	$(BIN)/python -m tests.web.browser.screenshots

.PHONY: simulate kill disk-faults soak
simulate: $(VENV)/dev ## Ten thousand seeds of everything that can go wrong, on a virtual clock; takes ten minutes
	RECONCILER_SEEDS=10000 $(BIN)/pytest --numprocesses 2 tests/simulation

kill: $(VENV)/dev ## The program killed a thousand times at random moments, which takes a quarter of an hour
	RECONCILER_KILLS=1000 $(BIN)/pytest tests/program/test_kill.py --log-cli-level=info

disk-faults: $(VENV)/dev ## The program on a disk that is full, whose syncs fail, or where it is killed; needs strace; takes a quarter of an hour
	RECONCILER_DISK_FAULTS=160 $(BIN)/pytest tests/program/test_disk_faults.py --log-cli-level=info

soak: $(VENV)/dev ## The daemon at work for an hour: memory, files and threads stay flat
	RECONCILER_SOAK=3600 $(BIN)/pytest tests/program/test_soak.py --log-cli-level=info

PEERS := .venv-bench
.PHONY: bench bench-check
bench: $(VENV)/run $(PEERS)/created ## Measure ours and others', and write docs/benchmarks.md; takes half an hour of a quiet machine
	$(BIN)/python -m bench

$(PEERS)/created: requirements/bench.txt $(VENV)/created
	@echo "installing what is measured beside the program into $(PEERS) ..."
	@$(BIN)/python -m venv --clear $(PEERS)
	@$(PEERS)/bin/pip --disable-pip-version-check --quiet install --require-hashes -r requirements/bench.txt
	@touch $@

bench-check: $(VENV)/dev ## Count the work done, which no busy machine changes, against checked-in bounds; a part of make test
	$(BIN)/pytest tests/bench
