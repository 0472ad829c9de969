# shellcheck shell=sh
echo 'no pears'
return 1
