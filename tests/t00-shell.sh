#!/bin/sh
description='the shell scripts: POSIX, and without a warning'
. ./lib.sh

# for_scripts COMMAND…: runs it with every script of the repository that sh or bash runs.
for_scripts() (
	cd "$tests/.." &&
	git ls-files -co --exclude-standard | while read -r file
	do
		! is_script "$file" || echo "$file"
	done | xargs "$@"
)

is_script() {
	test -f "$1" && head -n 1 "$1" | grep -qaE '^#!/bin/sh|^#!/usr/bin/env bash|^# shellcheck shell=sh'
}

needs git

check 'there are scripts to look at' '
	for_scripts echo >list &&
	says list scripts/build &&
	says list tests/lib.sh
'

needs shellcheck

check 'shellcheck has nothing to say' '
	for_scripts shellcheck
'

for shell in dash bash
do
	needs $shell
	check "$shell can read them" '
		for_scripts -n 1 $shell -n
	'
done

finish
