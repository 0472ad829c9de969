#!/bin/sh
# Runs all tries of tests/hostile, with many random mutations. tests/hostile/README.md explains HOSTILE_RANDOM and HOSTILE_SEED.
HOSTILE_RANDOM=${HOSTILE_RANDOM:-3000}
export HOSTILE_RANDOM
exec ./hostile/run --long
