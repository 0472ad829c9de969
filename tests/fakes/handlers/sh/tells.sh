# Answers with the environment and the arguments of a handler in shell, as JSON.
tells() {
	printf '{"event":%s,"tenant":"%s","arn":"%s","id":"%s","deadline":"%s","trace":"%s"}' "$1" "$SLSTENANTID" "$SLSFUNCTIONARN" \
		"$SLSREQUESTID" "$SLSDEADLINEMS" "$_X_AMZN_TRACE_ID"
}
