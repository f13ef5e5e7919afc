# Fujin: `make run` and `make test` do all set-up themselves.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup run test lint check unit bench evaluate teach requirements clean

help: ## Show what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

setup: ## Build both environments (done by run and test as well)
	@scripts/setup

run: setup ## Start everything: the station, its console and the simulator; Ctrl-C stops it
	@exec .venv/bin/fujin up

test: setup ## Lint, types, imports, data, and all tests (unit, end to end, browser, chaos)
	@scripts/test

lint: setup ## Only ruff, mypy, import-linter
	@scripts/lint

unit: setup ## Only the fast tests
	@.venv/bin/python -m pytest -m "not slow"

bench: setup ## Measure speed beside a stock Rasa bot; writes docs/benchmark.md
	@.venv/bin/python -m benchmarks

evaluate: setup ## Judge the model on the test messages; writes docs/evaluation.md
	@scripts/evaluate

teach: setup ## Teach the encoder the trainers' texts anew (an hour and a quarter); writes bot/nlu/e5/*.npz
	@scripts/teach

requirements: ## Renew the pins in requirements/*.txt from requirements/*.in
	@scripts/pin

clean: ## Remove environments, models and everything under var/
	rm -rf .venv .venv-rasa .venv-teach models var .rasa
