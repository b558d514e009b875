# Everything lives in .venv; nothing else on the machine is touched.
PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin

.PHONY: setup demo test check docs bench page-library clean

setup: $(VENV)/.ready  ## the environment, with exactly the versions of constraints.txt

$(VENV)/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 setup"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,dev]'
	@touch $@

demo: setup  ## the whole walk on synthetic embryos, in the folder demo/
	@mkdir -p demo && cd demo && rm -rf store.h5 store.annotations.h5 store.gems runs
	cd demo && $(BIN)/lsl-store demo
	cd demo && $(BIN)/lsl-train --out runs/demo
	cd demo && $(BIN)/lsl-annotate store.h5 --saliency --csv answers.csv
	cd demo && $(BIN)/lsl-gem --stage 9
	cd demo && $(BIN)/lsl-evaluate store.h5
	@echo
	@echo "Look at  demo/store.gems/stage-9.png   the genomewide expression map of stage 9, plain and masked"
	@echo "         demo/runs/demo/report.html    how the training went"
	@echo "         demo/answers.csv              the stage of every image"
	@echo "To type the commands yourself:  source $(VENV)/bin/activate"

test: setup  ## all tests
	$(BIN)/pytest -n 2 --dist loadfile

PAGE_LIBRARY := tools/lsl_tools/model_page/library

page-library: setup  ## ONNX Runtime Web, which `lsl-store page` and its tests need, through npm
	@test -d $(PAGE_LIBRARY) || $(BIN)/python -m lsl_tools.model_page $(PAGE_LIBRARY) || \
	echo "Without it lsl-store page asks for --library, and tests of its page in a browser are skipped"

check: setup page-library  ## lint, types and tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadfile

docs: setup  ## the documentation as a site: open site/index.html
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: setup  ## the benchmarks that need no store; BENCHMARKS.md names the commands of all
	$(BIN)/python tools/bench/startup.py
	$(BIN)/python tools/bench/demo_store.py

clean:  ## everything that make made
	rm -rf $(VENV) demo site build dist .pytest_cache .mypy_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
