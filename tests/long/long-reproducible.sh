#!/bin/sh
description='the same sources give the same packages for PyPI and npm in another folder'
. ./lib/lib.sh
. ./lib/checkout.sh

needs git

check 'the wheels and the packages for npm have the same bytes' '
	another_checkout &&
	unset CARGO_TARGET_DIR &&
	"$repository/scripts/dist" &&
	another/place/scripts/dist &&
	diff -r another/place/dist/packages "$repository/dist/packages"
'

finish
