#!/bin/sh
description='fuzz targets: no bytes from outside cause a panic, a hang or a wrong result (FUZZ_SECONDS sets the time)'
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
