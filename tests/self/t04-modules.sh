#!/bin/sh
description='the module map: which module may use which'
. ./lib/lib.sh

# crate: a small one with a map, and no fault.
crate() {
	mkdir -p src/low src/other &&
	printf '%s\n' '//! | `high` | above | `low` |' '//! | `low` | below | |' 'mod high;' 'mod low;' >src/lib.rs &&
	printf '%s\n' 'use crate::low::{self, deep::{A as B, C}};' >src/high.rs &&
	printf '%s\n' 'mod deep;' 'mod more;' >src/low/mod.rs &&
	printf '%s\n' '// use crate::high;' '#[cfg(test)]' 'use crate::high;' >src/low/deep.rs &&
	printf '%s\n' 'use super::deep;' >src/low/more.rs &&
	printf '%s\n' 'use crate::nothing;' >src/other/main.rs
}

# modules: prints what is wrong with the small crate.
modules() {
	"$tests/self/modules.py" src/lib.rs other
}

# refuses FAULT: the small crate has this fault and no other.
refuses() {
	test "$(modules | sed 1d)" = "$1"
}

check 'the modules of bootstrap use each other as src/lib.rs says, without a circle' '
	"$tests/self/modules.py" "$tests/../src/lib.rs" tool
'

check 'those of open-runtime do so as src/tool/main.rs says' '
	"$tests/self/modules.py" "$tests/../src/tool/main.rs"
'

check 'a crate that keeps to its map passes, and another crate below it is not looked at' '
	crate && test "$(modules)" = "2 modules, 4 files, 3 uses"
'

check 'a use that the map does not have is a fault' '
	crate && echo "fn f() { crate::high::g() }" >>src/low/more.rs &&
	refuses "low uses high, which its row does not allow
a circle: high, low"
'

check 'a use that only the map has is a fault' '
	crate && : >src/high.rs && refuses "high does not use low, which its row allows"
'

check 'a module without a row is a fault, and so is a row without a module' '
	crate && : >src/new.rs && refuses "new has no row in the module map of lib.rs" &&
	rm src/new.rs && echo "//! | \`old\` | gone | |" >>src/lib.rs &&
	refuses "the module map of lib.rs has a row for old, which is no module"
'

check 'a circle within a module is a fault' '
	crate && echo "use super::more;" >src/low/deep.rs && refuses "a circle: low/deep, low/more"
'

finish
