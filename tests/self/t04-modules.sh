#!/bin/sh
description='the module map: it says which module may use which other'
. ./lib/lib.sh

# crate: makes a small crate with a map and without a fault.
crate() {
	mkdir -p src/low src/other &&
	printf '%s\n' '//! | `high` | above | `low` |' '//! | `low` | below | |' 'mod high;' 'mod low;' >src/lib.rs &&
	printf '%s\n' 'use crate::low::{self, deep::{A as B, C}};' >src/high.rs &&
	printf '%s\n' 'mod deep;' 'mod more;' >src/low/mod.rs &&
	printf '%s\n' '// use crate::high;' '#[cfg(test)]' 'use crate::high;' >src/low/deep.rs &&
	printf '%s\n' 'use super::deep;' >src/low/more.rs &&
	printf '%s\n' 'use crate::nothing;' >src/other/main.rs
}

# modules: prints the faults of the small crate.
modules() {
	"$tests/self/modules.py" src/lib.rs other
}

# refuses FAULT: this fault of the small crate is found, and no other.
refuses() {
	test "$(modules | sed 1d)" = "$1"
}

check 'the modules of bootstrap use each other only as src/lib.rs says, without a circle' '
	"$tests/self/modules.py" "$tests/../src/lib.rs" tool
'

check 'the modules of open-runtime use each other only as src/tool/main.rs says, without a circle' '
	"$tests/self/modules.py" "$tests/../src/tool/main.rs"
'

check 'the system calls and the allocator alone are unsafe' '
	same "os/heap.rs os/simd.rs os/sys.rs tool/os/sys.rs" "$(cd "$tests/../src" && echo $(grep -rl "allow(unsafe_code)" * | sort))"
'

check 'a crate that conforms to its map passes, and another crate in its folder is not checked' '
	crate && test "$(modules)" = "2 modules, 4 files, 3 uses"
'

check 'a use that is not in the map is a fault' '
	crate && echo "fn f() { crate::high::g() }" >>src/low/more.rs &&
	refuses "low uses high, which its row does not allow
a circle: high, low"
'

check 'a use that is only in the map is a fault' '
	crate && : >src/high.rs && refuses "high does not use low, which its row allows"
'

check 'a module without a row and a row without a module are faults' '
	crate && : >src/new.rs && refuses "new has no row in the module map of lib.rs" &&
	rm src/new.rs && echo "//! | \`old\` | gone | |" >>src/lib.rs &&
	refuses "the module map of lib.rs has a row for old, which is no module"
'

check 'a circle within a module is a fault' '
	crate && echo "use super::more;" >src/low/deep.rs && refuses "a circle: low/deep, low/more"
'

finish
