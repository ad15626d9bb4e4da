# Standardiste. `make` prints this menu.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3.11
UV := .tools/bin/uv
BIN := .venv/bin
NPM := $(shell command -v npm || echo $(CURDIR)/.venv/bin/npm)
export PATH := $(PATH):$(CURDIR)/.venv/bin
DATA ?= data
PORT ?= 8080
WEB := services/agent-gateway/web services/ingest-chat/web

.PHONY: help run test install web parts check lint types reference clean scenario browser kill restore trace bench bench-router bench-channels fuzz-channels kill-channels channels-away laws theory fire fire-recovery fire-memory

help: ## this menu
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install web ## install, start the embedded edition with a demo tenant, play a few customers
	$(BIN)/standardiste run --data $(DATA) --port $(PORT) --demo

test: install web ## install and pass the tests (what needs Chromium or other parts says so when they are missing)
	$(BIN)/python -m pytest

check: install web lint types test ## all that must hold before a change lands

# ---- installing

install: .venv/.installed ## the virtual environment, from the lock file

$(UV):
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .tools
	.tools/bin/pip install --quiet --disable-pip-version-check uv

.venv/.installed: $(UV) uv.lock pyproject.toml $(wildcard libs/*/pyproject.toml services/*/pyproject.toml)
	$(UV) sync --frozen --quiet
	@touch $@

web: install $(addsuffix /node_modules/.built,$(WEB)) ## build the desk and the chat widget

define built
$(1)/node_modules/.built: $(shell find $(1) -name node_modules -prune -o -type f -print 2>/dev/null)
	cd $(1) && $$(NPM) ci --silent --no-audit --no-fund && $$(NPM) run --silent build
	@touch $$@
endef
$(foreach folder,$(WEB),$(eval $(call built,$(folder))))

parts: install ## what the tests of real parts need: Chromium, Dovecot (Debian packages, as root) and real mail
	scripts/install-parts

# ---- checking

lint: install
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/hadolint Dockerfile

types: install
	$(BIN)/pyright

reference: install ## write what is generated: names of policies, events, lifecycles, schemas, OpenAPI, AsyncAPI, problems, metrics, settings
	$(BIN)/python -m standardiste.all_in_one.reference names
	$(BIN)/python -m standardiste.all_in_one.reference write

# ---- showing that it works: each ends with PASS or FAIL and its figures

scenario: install web ## the main job on all six ways in, through real sockets
	$(BIN)/python -m pytest tests/system/scenario -q

browser: install web ## real Chromium: desk and widget, French and English
	$(BIN)/python -m pytest tests/browser -q

kill: install web ## kill -9 while 200 interactions are under way, ten times
	$(BIN)/python -m pytest tests/system/kill -q

restore: install web ## restore of a backup taken under load
	$(BIN)/python -m pytest tests/system/restore -q

fuzz-mail: install ## 100,000 mutated mails: no crash, none over a second, no growth (STANDARDISTE_FUZZ_SEED gives the same again)
	STANDARDISTE_FUZZ_MAILS=100000 $(BIN)/python -m pytest tests/unit/ingest_email/test_fuzz.py -q --timeout 7200

kill-mail: install ## kill -9 of ingest-email while 500 mails come in and 500 answers go out; the receiving server is the ledger
	$(BIN)/python -m pytest tests/system/ingest_email/test_kill.py -q --timeout 900

kill-channels: install ## kill -9 of ingest-sms, -open, -chat while 500 messages come in and 500 answers go out; all arrive, none twice
	$(BIN)/python -m pytest tests/system/kill_channels -q --timeout 900

channels-away: install ## the broker killed and away for a minute while 200 messages come in by five ways; the log is the ledger
	STANDARDISTE_LONG=1 $(BIN)/python -m pytest tests/system/kill_channels/test_broker_away.py -q --timeout 900

trace: install web ## one trace id from the webhook to the desk and back
	$(BIN)/python -m pytest tests/system/trace -q

laws: install ## the router's laws over 10^6 random steps, seed printed
	STANDARDISTE_SIMULATION_STEPS=1000000 $(BIN)/python -m pytest tests/simulation/test_laws.py -q --timeout 14400

fire-memory: install ## the router under 10,000 seeds of faults in memory, first seed printed
	cd tests && ../$(BIN)/python -m simulation.fire --seeds 10000

fire: install ## the router on a real Kafka: 100 kills of pods and broker under 100 contacts/s (STANDARDISTE_FIRE_ROUNDS, STANDARDISTE_SEED)
	cd tests && ../$(BIN)/python -m system.fire

fire-recovery: install ## how soon decisions flow again with 20,000 live interactions, 50,000 closed ones and 2,000 agents
	cd tests && ../$(BIN)/python -m system.fire.recovery

theory: install ## the simulator against queueing theory: Erlang, priorities, skill designs, blending (long form)
	STANDARDISTE_THEORY=deep $(BIN)/python -m pytest tests/simulation/theory -q --timeout 3600

bench-router: install ## µs a step, steps/s and memory of the router at three sizes of floor; interactions a second of the simulator
	$(BIN)/python bench/router.py

bench-customers: install ## import of 10,000 rows, identification a second and its CPU
	$(BIN)/python bench/customers.py

bench: install web ## burst, offer latency and CPU per interaction of the whole installation
	$(BIN)/python bench/installation.py

bench-channels: install ## contacts, texts and chat messages accepted per process beside a bare echo; 2,000 open chat sessions
	$(BIN)/python bench/channels.py

fuzz-channels: install ## 100,000 mutated webhooks, posts and chat frames: no crash, none over a second, no growth
	STANDARDISTE_FUZZ_INPUTS=100000 $(BIN)/python -m pytest tests/fuzz -q --timeout 3600

clean: ## remove what was built
	rm -rf .venv .tools build $(addsuffix /node_modules,$(WEB))

# ---- on Kafka and MongoDB (programs from `make parts`); each check ends with PASS or FAIL and its figures

CLUSTER := STANDARDISTE_LONG=1 $(BIN)/python -m pytest -q --timeout 1800

contract: install ## the suites of bus, store and blobs on every adapter
	$(BIN)/python -m pytest tests/contract/bus tests/contract/store tests/contract/blobs -q

.PHONY: contract up down modes members cluster-kill cluster-away cluster-rolling cluster-acl bench-kafka chart cluster

up: install web ## every service as a process on a local Kafka and MongoDB, with the demo tenant
	$(BIN)/standardiste up --port $(PORT)

down: install ## end what `make up` started
	$(BIN)/standardiste down

modes: install web ## scenario and traces on Kafka and MongoDB: in one process, and every service on its own
	STANDARDISTE_MODES=engines,services $(BIN)/python -m pytest tests/system/scenario tests/system/trace -q --timeout 600

members: install ## five members of one group come, go, pause and die, 40 moves; then the broker dies under them, 8 times
	$(CLUSTER) tests/system/cluster/test_members.py tests/system/cluster/test_broker.py

cluster-kill: install web ## kill -9 each service, the broker and mongod while 200 interactions are under way
	$(CLUSTER) tests/system/cluster/test_kill.py

cluster-away: install web ## the broker away for a minute, then the store
	$(CLUSTER) tests/system/cluster/test_away.py

cluster-rolling: install web ## every service replaced under load
	$(CLUSTER) tests/system/cluster/test_rolling.py

cluster-acl: install web ## a broker that grants what `topics acl` writes and no more: every service comes up, a letter goes through
	$(CLUSTER) tests/system/cluster/test_acl.py

bench-kafka: install ## the router beside bare transactional loops on the same broker
	$(BIN)/python bench/kafka.py

chart: install ## the Helm chart linted, rendered, held against Kubernetes' schemas
	scripts/check-chart

cluster: contract modes members cluster-kill cluster-away cluster-rolling cluster-acl bench-kafka chart ## all of these
