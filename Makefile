# The verbs of this project; each is one line over scripts/, CMake and rebar3. `make help` lists them.
.PHONY: help demo test check bench storm docs format python clean

help: ## this list
	@scripts/help

demo: ## the main job on real documents: make demo [FOLDER=/path/to/texts]
	@scripts/demo $(if $(FOLDER),"$(FOLDER)")

test: ## all tests: set-up, CTest, EUnit, Common Test, Python, use as a dependency
	@scripts/test

check: ## xref, dialyzer, clang's checks, sanitizers, fuzzing, formatting, types, docs
	@scripts/check

bench: ## the measurements of docs/performance.md
	@scripts/setup bench && test/bench/run

storm: ## the long tests: kills and crashes under load, random values, fuzzing: make storm [MINUTES=10]
	@scripts/storm $(MINUTES)

docs: ## the API's pages into doc/, and a check of the links in docs/
	@scripts/docs

format: ## format the C++ and Python sources
	@scripts/format

python: ## build CPython from source into the cache folder: make python [SERIES=3.13]
	@scripts/build-python $(SERIES)

clean: ## remove all that was built here (the cache folder stays)
	@scripts/clean
