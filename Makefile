# Every target sets up by itself: the environment is made anew when the lock file or pyproject.toml change.
PYTHON ?= python3
BIN := .venv/bin
SECONDS ?= 660
SEEDS ?= 20
KAFKA_PORT ?= 19092
REGISTRY_PORT ?= 18081
READY := .venv/.ready

.PHONY: demo test lint bench soak faults kafka lock clean

demo: $(READY)
	@$(BIN)/rundum demo build/demo

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(READY)
	$(BIN)/python tests/bench/run.py

# `rundum run` with everything beside it, for so many seconds.
soak: $(READY)
	$(BIN)/python tests/faults/soak.py $(SECONDS)

# Every fault of the Kafka worker at full size, by so many seeds; ONLY=word takes those whose name holds it.
faults: $(READY)
	$(BIN)/python tests/faults/kafka/long.py $(SEEDS) --only "$(ONLY)"

# A broker and a registry to work with, without Docker; what they hold is kept in build/kafka.
kafka: $(READY)
	@$(BIN)/python -m tests.cluster.up --kafka $(KAFKA_PORT) --registry $(REGISTRY_PORT)

# autograd to future: wanted by lifetimes, of which only the data file is used.
lock: $(READY)
	$(BIN)/uv pip compile --quiet --upgrade --group pyproject.toml:dev pyproject.toml --output-file requirements.lock \
	  --python-version 3.11 --generate-hashes --no-annotate --no-header \
	  --no-emit-package autograd --no-emit-package scipy --no-emit-package dill --no-emit-package future

clean:
	rm -rf build .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
