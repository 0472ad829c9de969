#!/bin/sh
description='the lists of what is in the layers with an interpreter'
. ./lib/lib.sh

check 'they keep to the schema of CycloneDX, and name each package that is packed' '
	"$tests/package/sbom/validate" nodejs-x86_64 nodejs-arm64 python-x86_64
'

finish
