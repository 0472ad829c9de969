#!/bin/sh
description='200 callers at once, at --concurrency 8: none is lost, none gets the answer to another, and memory stays'
. ./lib/lib.sh

seconds=${PARALLEL_S:-4}
exec 3>&1

needs gcc

check "in $seconds s every answer is its caller's own, there are 8 environments, and the memory of the tool stays" '
	python3 "$tests/long/parallel.py" "$seconds" >figures &&
	sed "s/^/# /" figures >&3
'

finish
