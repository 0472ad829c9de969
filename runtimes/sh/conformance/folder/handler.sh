# shellcheck shell=sh
echoes() { printf "%s" "$1"; }
