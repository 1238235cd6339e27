# `make` lists the targets. Each is safe to repeat.
VENV ?= .venv
PYTHON = $(VENV)/bin/python
AUTOGRADER = $(PYTHON) -m autograder
STAMP = $(VENV)/.dlmath-setup
UNITS ?=
JOBS ?= 3
PYTEST_ARGS ?=
FUZZ_SECONDS ?= 20
BENCH_SUBMISSIONS ?= 200
WRITE ?=
PLOTS = $(if $(WRITE),--plots)
# Each test process has its share of the cores: threads of one that wait for the others' would only take turns.
test redteam faults: export OMP_NUM_THREADS = 1
unexport PYTHONDONTWRITEBYTECODE  # some images set it: each of a thousand processes would compile our modules anew

.DEFAULT_GOAL := help
.PHONY: help setup build release solutions verify demo hub test redteam fuzz faults conformance bench lint clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  UNITS=\"unit02_logistic …\" limits build, release, solutions and verify to some units."

setup: $(STAMP) ## create .venv with the tested versions

$(STAMP): pyproject.toml dlmath_kit/pyproject.toml constraints.txt
	@echo "setup: virtual environment in $(VENV)"
	@test -x $(PYTHON) || python3 -m venv $(VENV)
	@echo "setup: torch"
	@$(PYTHON) -m pip install -q --no-compile -c constraints.txt torch
	@echo "setup: dlmath, dlmath-kit and what they need"
	@$(PYTHON) -m pip install -q --no-compile -c constraints.txt -e ./dlmath_kit -e '.[test,bench]'
	@# Aside and alone: a test reads what it ships, nothing imports it, and what it needs to run is 150 MB.
	@$(PYTHON) -m pip install -q --no-deps --upgrade --target $(VENV)/share/dask-kubernetes -c constraints.txt dask-kubernetes
	@# pip would take one core for it. Files that are no Python of this version are none of ours.
	@echo "setup: compile, on all cores"
	@$(PYTHON) -m compileall -qq -j 0 $(VENV)/lib/python*/site-packages || true
	@echo "setup: the hub's proxy"
	@$(PYTHON) -m autograder.hub.proxy || echo "setup: without it only 'make hub' and its tests do not run"
	@touch $@

build: $(STAMP) ## check the units and write their notebooks
	@$(AUTOGRADER) build $(UNITS)

release: $(STAMP) ## write release/, what students get
	@$(AUTOGRADER) release $(UNITS)

solutions: $(STAMP) ## execute the solved notebooks
	@$(AUTOGRADER) solutions $(UNITS)

verify: $(STAMP) ## prove the answer keys
	@$(AUTOGRADER) verify $(UNITS)

demo: $(STAMP) ## grade a simulated class from start to end
	@$(AUTOGRADER) demo

hub: $(STAMP) ## serve the course on http://127.0.0.1:8000, until Control-C
	@$(AUTOGRADER) hub start

test: $(STAMP) ## run the tests; skips are named. Attacks and faults have targets of their own
	@$(PYTHON) -m pytest -q -rs --no-header -n $(JOBS) --dist loadfile --no-loadscope-reorder --ignore tests/redteam -m "not faults" $(PYTEST_ARGS)

redteam: $(STAMP) ## attack the grader at every level of isolation, as root and as an ordinary user
	@$(PYTHON) -m pytest -q -rs --no-header -n 2 --dist loadfile --no-loadscope-reorder tests/redteam $(PYTEST_ARGS)

fuzz: $(STAMP) ## throw changed inputs at what reads submissions and the channel
	@$(PYTHON) -m tests.fuzz --seconds $(FUZZ_SECONDS)

faults: $(STAMP) ## kill processes, fill disks, stop databases while grading
	@$(PYTHON) -m pytest -q -rs --no-header -n 2 -m faults tests/faults $(PYTEST_ARGS)

conformance: $(STAMP) ## run nbgrader's own tests with our executor
	@$(PYTHON) -m tests.conformance

bench: $(STAMP) ## measure: three graders, where time goes, a class, convolution
	@$(PYTHON) benchmarks/grading.py $(WRITE) $(PLOTS)
	@$(PYTHON) benchmarks/breakdown.py $(WRITE)
	@$(PYTHON) benchmarks/scale.py --submissions $(BENCH_SUBMISSIONS) $(WRITE) $(PLOTS)
	@$(PYTHON) benchmarks/convolution.py $(WRITE)

lint: $(STAMP) ## ruff and mypy
	@$(PYTHON) -m ruff check -q .
	@$(PYTHON) -m ruff format --check -q .
	@$(PYTHON) -m mypy --no-error-summary

clean: ## remove what can be built again, but for .venv
	@rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis demo
	@find . -name __pycache__ -type d -not -path "./$(VENV)/*" -prune -exec rm -rf {} +
	@find source solutions -name '*.ipynb' -delete
	@find release -mindepth 1 -not -name README.md -delete
