#!/bin/sh
# All that tests/hostile tries, with many random mutations; HOSTILE_RANDOM and HOSTILE_SEED as tests/hostile/README.md has them.
HOSTILE_RANDOM=${HOSTILE_RANDOM:-3000}
export HOSTILE_RANDOM
exec ./hostile/run --long
