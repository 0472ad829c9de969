# make            the layers, dist/open-runtime-x86_64.zip and -arm64.zip, and dist/open-runtime, the developer's tool
# make layer      the layers alone
# make bootstrap  dist/<arch>/bootstrap, what Lambda runs
# make interpreter-layers  layers with Node.js, Python, Ruby, PHP and Perl, for provided.al2023, which has no interpreter
# make dist       packages of the tool for PyPI and npm, with all that it needs, for x86_64 and arm64, in dist/packages
# make image      runtime images for customer-managed runtimes, as OCI archives: dist/open-runtime-nodejs.oci.tar and others
# make run        invokes the example with an event
# make check      reads the sources: format, clippy, cargo doc, shellcheck
# make test       runs every test
# make test-compat  runs programs with people's packages under AWS's clients and under ours, and writes docs/compatibility.md
# make test-deploy  runs those that take longer: layers and images on a bare root, deployment to a mock of AWS, a build elsewhere
# make test-long  runs those that take an hour or more: fuzzing, a million invocations (SOAK=1000000) that end
#                 in all ways, all hostile tries with many random ones (HOSTILE_RANDOM=3000), and web pages in Chromium, which it
#                 installs
# make mutants    changes the sources, one place at a time, and names the changes that no test notices: some 6,000. See
#                 scripts/mutants for FILE= and more
# make docs       writes docs/event-kinds.md from the tool's table of kinds
# make bench      measures the mapping of events, middlewares, streams, and all languages beside AWS's clients, each against its goals; the
#                 first time it installs and compiles those clients. PUBLISH=1 writes the figures into README.md, docs/bench.svg
#                 and docs/handlers.md
# make bench-quick  fewer languages and passes, in less than two minutes
# make size       says where the size of bootstrap comes from, and compares it with its limit
# make clean      removes what was built
#
# make bootstrap ARCH=arm64 builds it for the other machine; PANIC=message one that says why it panics: see scripts/build.

.POSIX:
.NOTPARALLEL:
.PHONY: all bootstrap tool layer dist interpreter-layers image run check test test-compat test-deploy test-long mutants bench bench-quick size docs clean

all: layer tool

# Always asked, and quick: cargo knows what has changed.
bootstrap:
	@scripts/build

tool:
	@scripts/build-tool

layer:
	@scripts/layer

dist:
	@scripts/dist

interpreter-layers:
	@scripts/interpreter-layer

image: layer interpreter-layers
	@scripts/image

run: bootstrap tool
	@scripts/setup run
	dist/open-runtime invoke handler.hello -f example/event.json --task-root example

check:
	@scripts/setup check
	@scripts/check

test: all
	@scripts/setup test
	@tests/run

test-compat: bootstrap tool
	@scripts/setup test
	@echo 'compat: the first run installs packages, which takes minutes; target/tests/ has its log'
	@cd tests && LIMIT_S=1200 ./run compat/run

test-deploy: dist interpreter-layers image
	@scripts/setup test-deploy
	@cd tests && ./run 'deploy-*'

test-long: bootstrap tool
	@scripts/setup test-long
	@fuzz/run --long
	@cd tests && V=1 LIMIT_S=36000 ./run 'long-*'

mutants: tool
	@scripts/mutants

bench: layer tool
	@scripts/setup bench
	@tests/bench/peers
	@status=0; \
	cargo bench --quiet --locked --no-default-features --bench cloudevents || status=1; \
	(cd tests && long/bench-middlewares.sh) || status=1; \
	scripts/size --check || status=1; \
	python3 tests/bench/bench.py $(PUBLISH:1=--publish) || status=1; \
	python3 tests/bench/streams.py || status=1; \
	exit $$status

bench-quick: bootstrap
	@scripts/setup bench
	@tests/bench/peers
	@python3 tests/bench/bench.py --quick

size: bootstrap
	@scripts/setup size
	@scripts/size

docs: tool
	scripts/event-kinds >docs/.event-kinds.new
	@mv docs/.event-kinds.new docs/event-kinds.md

clean:
	rm -rf dist target .cache
