# Works from a bare clone: every target installs what it needs into .venv first.

# The first that is new enough; python3 if none is, for the message below.
IS_NEW = -c 'import sys; sys.exit(sys.version_info < (3, 11))'
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p $(IS_NEW) 2>/dev/null && { echo $$p; exit; }; done; echo python3)
PIP_ENV = PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore
STAMP = .venv/.installed
PLATFORM = .cache/platform/.installed
DOCS = .cache/docs/.installed
RELEASE = .cache/release/.installed
LOCK = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --no-annotate
# For one Python on one Linux, whose markers pip would otherwise read for the machine's own Python.
LAMBDA_LOCK = $(subst --universal --python-version 3.11,--python-platform x86_64-manylinux_2_28 \
	--python-version 3.12,$(LOCK))
# They need C libraries, and what takes their place here does not: psycopg2-binary, and no LDAP.
NOT_FOR_BENCH = psycopg2 python-ldap pyasn1 pyasn1-modules
CPUS := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
WORKERS ?= $(shell n=$(CPUS); [ $$n -lt 2 ] && n=2; [ $$n -gt 4 ] && n=4; echo $$n)
# Half of the time it waits: for what takes its time on a fake AWS too, and for pods.
PLATFORM_WORKERS ?= $(shell echo $$(($(WORKERS) + 1)))
# Of Lambda: x86_64 or arm64.
ARCHITECTURE ?= x86_64
# With AGAIN=1, what failed beside others runs once more, alone, and is named: a server that was
# slow for a moment is no defect, and one that fails alone is.
PYTEST = run() { .venv/bin/pytest "$$@" || { [ -n "$(AGAIN)" ] && echo "again, alone:" && \
	.venv/bin/pytest "$$@" -n 0 --last-failed --last-failed-no-failures none --maxfail 1 -rA --show-capture no; }; }; run
TESTS = tests/unit tests/golden tests/integration tests/e2e tests/regressions

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-recording test test-full test-platform test-wheel test-pythons dist sbom \
	faults bench lambda lint format docs readme docs-reference lock clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 18

setup: $(STAMP) ## Install everything into .venv

demo: $(STAMP) ## Show the main job on an embedded PostgreSQL
	@.venv/bin/pgtenant demo

test: lint ## Lint, then run the fast tests on real servers
	@$(PYTEST) -n $(WORKERS) -m 'not slow' $(wildcard $(TESTS))

test-full: $(STAMP) $(DOCS) ## Run what takes longer: every fault at every statement, pages in Chromium
	@$(PYTEST) -n $(WORKERS) -m slow $(wildcard $(TESTS))
	@$(PYTEST) -n $(WORKERS) --timeout 3600 $(wildcard tests/faults tests/browser)

test-platform: $(STAMP) $(PLATFORM) ## Try the platform repository: Terraform on a fake AWS, its workflows
	@$(PYTEST) -n $(PLATFORM_WORKERS) --dist loadfile --no-loadscope-reorder --timeout 3600 tests/platform

test-wheel: $(STAMP) $(RELEASE) ## Build the wheel, and try it where nothing else is installed
	@$(PYTEST) -n $(WORKERS) --dist loadfile --timeout 900 tests/wheel

test-pythons: $(STAMP) ## Run the tests without servers on each supported Python (PYTHONS="3.12 3.13")
	@.venv/bin/python -m tools.pythons $(PYTHONS)

faults: $(STAMP) ## Do the same, and make docs/faults.md from it
	@PGTENANT_UPDATE_GOLDEN=1 .venv/bin/pytest -n $(WORKERS) --timeout 3600 tests/faults
	@PYTHONPATH=tests .venv/bin/python -c 'from support.faults.report import PAGE, page; \
		PAGE.write_text(page(), "utf-8")'

bench: $(STAMP) ## Measure against psql and other tools; make docs/performance.md (BENCH="--large")
	@PYTHONPATH=tests .venv/bin/python -m benchmarks $(BENCH)

lambda: $(STAMP) ## Make the package of the function in AWS that rotates (ARCHITECTURE=arm64 CA_BUNDLE=file)
	@.venv/bin/python tools/lambda_zip.py --architecture $(ARCHITECTURE) \
		$(if $(CA_BUNDLE),--ca-bundle "$(CA_BUNDLE)") dist/pgtenant-rotation-$(ARCHITECTURE).zip

dist: $(STAMP) ## Build the wheel and the sdist into dist; the same sources make the same bytes
	@rm -f dist/pgtenant-*.whl dist/pgtenant-*.tar.gz
	@.venv/bin/hatchling build

sbom: dist $(RELEASE) ## Put a bill of materials beside them, with versions, hashes and licences
	@.cache/release/bin/python -m tools.sbom dist

lint: $(STAMP) ## Check style, types and layers
	@.venv/bin/ruff check --quiet
	@.venv/bin/ruff format --check --quiet
	@.venv/bin/mypy --no-error-summary
	@report=$$(.venv/bin/lint-imports --no-logo 2>&1) || { echo "$$report"; exit 1; }

format: $(STAMP) ## Format the code and mend what can be mended
	@.venv/bin/ruff check --fix --quiet
	@.venv/bin/ruff format --quiet

docs: $(DOCS) ## Make the site of docs/ in build/site; warnings are errors
	@PYTHONPATH=tests:. .cache/docs/bin/python -m tools.site.build build/site

demo-recording: $(STAMP) ## Record the demo's terminal session into docs/demo
	@.venv/bin/python -m tools.record_demo

readme: $(STAMP) ## Make what README.md shows of plan and verify, on an embedded PostgreSQL
	@.venv/bin/python -m tools.readme

docs-reference: $(STAMP) ## Make reference.md, cli.md, the man page, errors and schemas from the code
	@.venv/bin/python -c 'from pgtenant.report.reference import reference; print(reference(), end="")' \
		> docs/reference.md
	@.venv/bin/python -c 'from pgtenant.cli.reference import commands; print(commands(), end="")' \
		> docs/cli.md
	@.venv/bin/python -c 'from pgtenant.cli.manpage import manual; print(manual(), end="")' \
		> share/man/man1/pgtenant.1
	@.venv/bin/python -c 'from pathlib import Path; from pgtenant.report.schema import *; \
		[Path(f"docs/schemas/{c}.schema.json").write_text(schema_text(c), "utf-8") for c in COMMANDS]'
	@.venv/bin/python -c 'from pathlib import Path; from pgtenant.report.explained import pages; \
		[Path(name).write_text(text, "utf-8") for name, text in pages().items()]'

lock: $(STAMP) ## Pin the dependencies again, with hashes
	@$(LOCK) --extra aws --extra cnpg --extra demo --group dev pyproject.toml -o requirements/dev.txt
	@$(LOCK) -c requirements/dev.txt --extra aws pyproject.toml -o requirements/image.txt
	@{ echo '# What pgtenant[aws] needs, pinned by hash; its image has the same.'; cat requirements/image.txt; } \
		> src/pgtenant/platform/templates/requirements/dependencies.txt
	@$(LOCK) -c requirements/dev.txt pyproject.toml -o requirements/core.txt
	@$(LAMBDA_LOCK) -c requirements/dev.txt pyproject.toml -o requirements/lambda.txt
	@$(LOCK) -c requirements/dev.txt requirements/build.in -o requirements/build.txt
	@$(LOCK) requirements/platform.in -o requirements/platform.txt
	@$(LOCK) requirements/docs.in -o requirements/docs.txt
	@$(LOCK) requirements/release.in -o requirements/release.txt
	@for peer in ansible ldap2pg pg-sync-roles pgbedrock; do \
		$(LOCK) $(NOT_FOR_BENCH:%=--no-emit-package %) \
			requirements/bench-$$peer.in -o requirements/bench-$$peer.txt || exit; \
	done

clean: ## Remove what was built or cached
	@rm -rf .venv .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	@find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The lock says what to install and pyproject.toml how to install ourselves.
$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) $(IS_NEW) 2>/dev/null || { \
		echo "make: Python 3.11 or newer is needed; '$(PYTHON)' is $$($(PYTHON) --version 2>&1 || echo missing)." >&2; \
		echo "make: name another one with: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "make: '$(PYTHON)' cannot make virtual environments;" \
			"on Debian and Ubuntu install python3-venv." >&2; exit 1; }
	@.venv/bin/python -m pip --version >/dev/null 2>&1 || { rm -rf .venv; $(PYTHON) -m venv .venv; }
	@echo "Installing into .venv (a minute or two) ..."
	@$(PIP_ENV) .venv/bin/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@$(PIP_ENV) .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

# What only one target needs, each in an environment of its own: linters and runners, the makers of the site
# and of the bill of materials.
$(PLATFORM) $(DOCS) $(RELEASE): .cache/%/.installed: requirements/%.txt
	@$(PYTHON) -m venv .cache/$*
	@echo "Installing the tools of requirements/$*.txt into .cache/$* (a few minutes) ..."
	@$(PIP_ENV) .cache/$*/bin/python -m pip install --quiet --require-hashes -r requirements/$*.txt
	@touch $@
