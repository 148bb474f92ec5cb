# One menu for everything. Each target first makes .venv where it is missing or the lock changed.
.PHONY: help demo test lint bench fuzz hostile soak lock venv clean
PYTHON ?= python3
export PYTHON

help:
	@echo "make demo     the window on a local demo cluster (without a display: its stream and a picture)"
	@echo "make test     lint, types, import contracts and all tests; under five minutes on two cores"
	@echo "make lint     only ruff, mypy and import-linter"
	@echo "make bench    the measures of docs/performance.md, a row each"
	@echo "make hostile  every attack on a running gateway in its whole size, about a minute"
	@echo "make soak     the gateway under an even load for an hour (HELIOS_SOAK_S), a row a minute"
	@echo "make fuzz     the simulation and the decoder under random faults, for minutes"

venv:
	@packaging/make-venv.sh

demo: venv
	@.venv/bin/python -m helios_desktop --demo --or-terminal

lint: venv
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache

# Three workers on two cores: many tests wait, for a process, a socket or the disk.
test: lint
	QT_QPA_PLATFORM=offscreen .venv/bin/pytest -n 3 --dist worksteal

bench: venv
	QT_QPA_PLATFORM=offscreen .venv/bin/python -m tests.benchmarks

fuzz: venv
	HELIOS_FUZZ=1 .venv/bin/pytest -n 2 -m slow --timeout 1800

hostile: venv
	HELIOS_HOSTILE=1 .venv/bin/pytest tests/hostile --timeout 240

soak: venv
	.venv/bin/python -m tests.hostile.soak

# Needs uv; the address of the index it asked stays out of the file.
lock:
	uv pip compile --universal --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links \
		--python-version 3.11 --all-extras pyproject.toml -o requirements.lock

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
