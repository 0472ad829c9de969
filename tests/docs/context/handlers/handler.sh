# shellcheck shell=sh
# Prints what the environment shows of an invocation, as pairs of a path and a value.
show() {
	env | grep -E '^(SLS|AWS_LAMBDA_|_X_AMZN_)' | awk -F = '
		{ printf "%s[\"$%s\",\"%s\"]", (NR == 1 ? "[" : ","), $1, substr($0, length($1) + 2) }
		END { print "]" }
	'
}
