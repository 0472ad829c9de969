#!/bin/sh
description='bytes from outside: no panic, no hang, no lie (longer by FUZZ_SECONDS)'
. ./lib/lib.sh

fuzz=$tests/../fuzz
targets=$(ls "$fuzz/corpus")
FUZZ_SECONDS=$(awk "BEGIN { print ${FUZZ_SECONDS:-10} / $(echo "$targets" | wc -w) }")
export FUZZ_SECONDS

needs cargo

check 'the fuzz targets can be built' '
	"$fuzz/run" -b
'

for target in $targets
do
	check "$target: the corpus, and mutations of it" '
		"$fuzz/run" "$target" >runs &&
		grep -qE "$target: [0-9]{2,} runs" runs
	'
done

finish
