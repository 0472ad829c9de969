#!/bin/sh
description='the same sources give the same layers in another folder'
. ./lib/lib.sh
. ./lib/checkout.sh

needs git

check 'the layers and their SBOMs have the same bytes' '
	another_checkout &&
	unset CARGO_TARGET_DIR &&
	another/place/scripts/layer &&
	for file in open-runtime-x86_64.zip open-runtime-arm64.zip open-runtime-x86_64.cdx.json open-runtime-arm64.cdx.json
	do
		cmp "another/place/dist/$file" "$repository/dist/$file" || return
	done
'

finish
