# make            dist/<arch>/bootstrap, what Lambda runs, and dist/open-runtime, the developer's tool
# make run        invokes the example with an event
# make test       runs every test
# make clean      removes what was built
#
# ARCH=arm64 builds bootstrap for the other machine; PANIC=message one that says why it panics: see scripts/build.

.POSIX:
.NOTPARALLEL:
.PHONY: all bootstrap tool run test clean

all: bootstrap tool

# Always asked, and quick: cargo knows what has changed.
bootstrap:
	@scripts/build

tool:
	@scripts/build-tool

run: all
	@scripts/setup run
	dist/open-runtime invoke handler.hello -f example/event.json --task-root example

test: all
	@scripts/setup test
	@tests/run

clean:
	rm -rf dist target .cache
