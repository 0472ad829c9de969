# shellcheck shell=sh
# AWS's own Runtime Interface Emulator, for the files that use it. To be read after lib.sh.

rie=${repository:?}/.cache/aws-lambda-rie

# The emulator comes in a wheel of aws-sam-cli, 8 MB from PyPI, once.
fetch_rie() {
	test ! -x "$rie" || return 0
	wheel_path=samcli/local/rapid/aws-lambda-rie-${arch:?}
	mkdir -p "${scratch:?}/wheel" "${rie%/*}" &&
		python3 -m pip download -q --no-deps --require-hashes -r rie.txt -d "$scratch/wheel" &&
		python3 -m zipfile -e "$scratch/wheel"/*.whl "$scratch/wheel" &&
		chmod +x "$scratch/wheel/$wheel_path" &&
		mv "$scratch/wheel/$wheel_path" "$rie"
}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
