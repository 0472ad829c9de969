#!/bin/sh
description='the GitHub workflows: zizmor and our own rules'
. ./lib/lib.sh

# rejects TEXT REPLACEMENT: with this replacement of the text, the workflow ci is not valid.
rejects() {
	python3 -c "
import sys
path, text, replacement = sys.argv[1:]
content = open(path).read()
assert text in content, text
open(\"ci.yml\", \"w\").write(content.replace(text, replacement, 1))" "$repository/.github/workflows/ci.yml" "$1" "$2" &&
		fails_to "$tests/self/workflows/validate" ci.yml >told 2>&1 &&
		says told ci.yml
}

check 'neither zizmor nor our own rules find a fault in the workflows' '
	"$tests/self/workflows/validate" "$repository"/.github/workflows/*.yml
'

check 'an unknown member, a tag in place of a commit, permissions for all, and an unscripted command are found' '
	rejects "strategy:" "stategy:" &&
	rejects "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1" "actions/checkout@v7" &&
	rejects "# v7.0.1" "" &&
	rejects "permissions: {}" "permissions: write-all" &&
	rejects "persist-credentials: false" "persist-credentials: true" &&
	rejects "    timeout-minutes: 20" "" &&
	rejects "concurrency:" "env:" &&
	rejects "run: make check" "run: cargo fmt --check"
'

finish
