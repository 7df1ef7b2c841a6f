# SPDX-License-Identifier: LGPL-3.0-only
# `make help` lists the targets and the variables.

.DEFAULT_GOAL := help
.PHONY: help setup tools installed demo test lint faults bench backup restore conformance translations pictures stop clean distclean

python := .local/venv/bin/python
# Of `make backup`; those of `make restore` have no defaults, nor has KEYS where the
# database is not the demo's.
backup: DATABASE ?= recall_demo_regulator
backup: KEYS ?= $(patsubst recall_demo_%,.local/keys/demo-%.json,$(filter recall_demo_%,$(DATABASE)))
backup: FOLDER ?= .local/backup
backup: KEYS_FOLDER ?= .local/backup-keys

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12
	@echo; echo "Variables (make TARGET NAME=value) and their defaults:"
	@PYTHONPATH=scripts python3 -c 'from stack.settings import describe; print(describe())'

setup: ## install what is missing: packages, Odoo 19, Python environment
	@scripts/setup.sh

tools: setup
	@$(python) -c 'import playwright, pytest' 2>/dev/null || { echo "this needs a browser and the tools for tests: run it without RECALL_DEV=0" >&2; exit 1; }

installed:
	@[ -x $(python) ] || { echo "nothing is installed here: run scripts/setup.sh once" >&2; exit 1; }

demo: tools ## start a producer and the regulator, do the main job, serve until Ctrl-C (ONCE=1: stop after the summary)
	@$(python) scripts/demo.py $(if $(filter-out 0,$(ONCE)),--once)

test: export RECALL_JAVA ?= 1
test: tools ## run all tests, or some (KIND="unit odoo")
	@$(python) scripts/test.py $(KIND)

lint: tools ## run the static checks only
	@$(python) scripts/test.py lint

faults: export RECALL_FAULTS ?= 300
faults: tools ## kill every part of both terminals 300 times and compare the books (RECALL_FAULTS)
	@$(python) scripts/test.py faults

bench: export RECALL_BENCH ?= 1
bench: tools ## measure speed and scale, or some (ONLY="P1 P2", QUICK=1: small sizes)
	@QUICK=$(QUICK) ONLY="$(ONLY)" PYTHONPATH=scripts $(python) -m bench

backup: installed ## back up a database (DATABASE FOLDER KEYS KEYS_FOLDER; see docs/operation.md)
	@$(python) scripts/backup.py backup $(DATABASE) $(FOLDER) --keys $(or $(KEYS),$(error KEYS=FILE is missing: the key file of $(DATABASE))) $(KEYS_FOLDER)

restore: installed ## restore a backup into a new database and prove it (BACKUP DATABASE KEYS WITHOUT)
	@$(python) scripts/backup.py restore $(BACKUP) $(DATABASE) --keys $(KEYS) $(if $(WITHOUT),--without $(WITHOUT))

conformance: ## write docs/conformance.md from the tests
	@python3 scripts/conformance.py

translations: setup ## bring the add-ons' .pot and .po files in line with their sources
	@$(python) scripts/translations.py

pictures: tools ## take the documents' pictures of the demo (after make demo)
	@$(python) scripts/pictures.py

stop: ## stop every server of this checkout
	@[ ! -x $(python) ] || scripts/recall stop

clean: ## stop, then delete databases, keys, logs and run files
	@[ ! -x $(python) ] || scripts/recall clean

distclean: clean ## delete all that was installed under .local too
	@rm -rf .local
