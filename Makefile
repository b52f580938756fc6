# Tocsin on a machine with Python >= 3.11 (venv and pip) and make: `make run`, `make test`.

VENV ?= .venv
BIN := $(VENV)/bin
PYTHON_FILES := src tests scripts $(wildcard bench)
WORKERS ?= 2
ROUNDS ?= 3
PG15 ?= $(firstword $(wildcard /usr/lib/postgresql/15/bin) $(lastword $(wildcard /usr/lib/postgresql/*/bin)))

.PHONY: run test lint lint-style lint-types lint-imports lint-sizes lint-dependencies audit unit proof bench kill-rounds store-tests assets real-parts install install-test lock clean

run: install assets
	@exec $(BIN)/tocsin serve --starter

test: install-test assets real-parts lint unit

# Each check is a target of its own, so that `make -k lint` shows what all of them say.
lint: lint-style lint-types lint-imports lint-sizes lint-dependencies

lint-style: install-test
	$(BIN)/ruff check $(PYTHON_FILES)
	$(BIN)/ruff format --check $(PYTHON_FILES)

lint-types: install-test
	$(BIN)/mypy
	$(BIN)/mypy --strict scripts

lint-imports: install-test
	$(BIN)/lint-imports

lint-sizes: install-test
	$(BIN)/python scripts/check_sizes.py

# What is imported is declared, what is declared is imported.
lint-dependencies: install-test
	$(BIN)/deptry src

# Known holes in the versions of constraints.txt; says so where no database can be asked.
audit: install-test
	$(BIN)/python scripts/audit_dependencies.py

unit: install-test
	$(BIN)/python -m pytest -n $(WORKERS) -m "not proof"

proof: install-test assets real-parts
	$(BIN)/python -m pytest -m proof

bench: install-test
	$(BIN)/python -m bench

kill-rounds: install-test
	$(BIN)/python -m tests.proof.kill_rounds --rounds $(ROUNDS)

# What touches the database, on Debian's PostgreSQL (15 where there is one).
store-tests: install-test
	@test -n "$(PG15)" || { echo "Missing: PostgreSQL programs (Debian: apt install postgresql-15)" >&2; exit 1; }
	TOCSIN_TEST_PG_BINDIR=$(PG15) $(BIN)/python -m pytest -n $(WORKERS) -m "pg and not proof"

install: $(VENV)/.with-build
install-test: $(VENV)/.with-test

$(VENV)/.with-build: pyproject.toml constraints.txt scripts/venv.sh
	@VENV=$(VENV) sh scripts/venv.sh build
	@touch $@

$(VENV)/.with-test: pyproject.toml constraints.txt scripts/venv.sh
	@VENV=$(VENV) sh scripts/venv.sh build,test
	@touch $@ $(VENV)/.with-build

assets: install
	@$(BIN)/python scripts/build_assets.py

real-parts: install-test
	@$(BIN)/python scripts/install_real_parts.py

# The exact versions of this environment become those of everybody (a developer's step).
lock: install-test
	$(BIN)/python -m pip freeze --exclude-editable --exclude tocsin | grep '==' > constraints.txt
	$(BIN)/python scripts/build_assets.py --lock
	$(BIN)/python scripts/install_real_parts.py --lock

clean:
	rm -rf $(VENV) src/tocsin/web/static/vendor src/tocsin/web/assets/node_modules tests/clients/node/node_modules
