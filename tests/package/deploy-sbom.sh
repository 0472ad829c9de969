#!/bin/sh
description='the SBOMs of the layers with an interpreter'
. ./lib/lib.sh

check 'the SBOMs conform to the schema of CycloneDX, and name each packed package' '
	"$tests/package/sbom/validate" nodejs-x86_64 nodejs-arm64 python-x86_64 python-arm64 ruby-x86_64 ruby-arm64 php-x86_64 php-arm64 perl-x86_64 perl-arm64
'

finish
