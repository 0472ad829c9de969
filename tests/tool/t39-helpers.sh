#!/bin/sh
description='the test helpers of the example: a pytest fixture, and a function for node:test'
. ./lib/lib.sh

# use_example: copies the example into this folder, and puts the tool on the PATH. The tools here find bootstrap beside it.
use_example() {
	cp -R "$repository/example" . &&
		PATH=$repository/dist:$PATH &&
		cd example/testing || return
}

# use_pytest: runs the tests of this folder.
use_pytest() {
	"$repository/.cache/helpers/bin/pytest" -p no:cacheprovider
}

needs python3
fetch pytest fetch_venv "$tests/tool/helpers/requirements.txt" "$repository/.cache/helpers"

check 'the pytest fixture starts handlers, gives their answers and errors, and stops them' '
	use_example &&
	use_pytest >told &&
	says told "2 passed"
'

check 'a test of pytest fails if the handler answers otherwise, and the handler is stopped' '
	use_example &&
	sed -i "s/Hello, Ada/Goodbye/" test_handler.py &&
	ends_with 1 use_pytest >told &&
	says told "1 failed, 1 passed"
'

check 'a tool that does not start fails the test of pytest at once' '
	use_example &&
	sed -i "s/\"--task-root\"/\"--no-such-option\"/" test_handler.py &&
	ends_with 1 use_pytest >told &&
	says told "open-runtime serve has not started"
'

needs node

check 'the function for node:test starts handlers, gives their answers and errors, and stops them' '
	use_example &&
	node --test . >told &&
	says told "# pass 2" &&
	says told "# fail 0"
'

check 'a test of node:test fails if the handler answers otherwise, and the handler is stopped' '
	use_example &&
	sed -i "s/Hello, Ada/Goodbye/" handler.test.mjs &&
	ends_with 1 node --test . >told &&
	says told "# fail 1" &&
	says told "# pass 1"
'

check 'a tool that does not start fails the test of node:test at once' '
	use_example &&
	sed -i "s/.--task-root./\"--no-such-option\"/" handler.test.mjs &&
	ends_with 1 node --test . >told &&
	says told "open-runtime serve has not started"
'

finish
