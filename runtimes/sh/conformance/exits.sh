# shellcheck shell=sh
exit 3
