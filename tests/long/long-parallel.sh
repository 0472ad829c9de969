#!/bin/sh
# t77 for a minute: half of it over the Invoke API, and half over a function URL.
PARALLEL_S=${PARALLEL_S:-60}
export PARALLEL_S
exec ./long/t77-parallel.sh
