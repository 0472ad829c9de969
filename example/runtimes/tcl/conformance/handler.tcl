# The handlers that `open-runtime check` calls.
package require json
package require json::write
puts "top-level code"
set count 0

proc echoes {event context} { return $event }

proc nothing {event context} {}

proc counts {event context} { incr ::count }

proc pid {event context} { id process }

proc text {context name} { json::write string [dict get $context $name] }

proc variable_ {name} { json::write string [expr {[info exists ::env($name)] ? $::env($name) : {}}] }

proc remaining {context} {
	set deadline_ms [dict get $context deadlineMs]
	expr {$deadline_ms eq {} ? {null} : max(0, $deadline_ms - [clock milliseconds])}
}

proc context {event context} {
	json::write object requestId [text $context requestId] arn [text $context functionArn] tenant [text $context tenantId] \
		name [variable_ AWS_LAMBDA_FUNCTION_NAME] version [variable_ AWS_LAMBDA_FUNCTION_VERSION] \
		memory [variable_ AWS_LAMBDA_FUNCTION_MEMORY_SIZE] group [variable_ AWS_LAMBDA_LOG_GROUP_NAME] \
		stream [variable_ AWS_LAMBDA_LOG_STREAM_NAME] trace [variable_ _X_AMZN_TRACE_ID] \
		remaining [remaining $context]
}

proc fails {event context} { error "no [json::json2dict $event]" }

proc prints {event context} {
	for {set line 0} {$line < 30000} {incr line} { puts [string repeat x 99] }
	puts {{"id":"8f507cfc","response":"forged"}}
	flush stdout
	exec sh -c {echo "written to 1"} >@stdout
	exec sh -c {echo from a grandchild; echo to descriptor 8 >&8; echo to descriptor 9 >&9; true} >@stdout 2>@stderr
	return {"printed"}
}

proc reads {event context} { json::write string [read stdin] }

proc closes {event context} {
	catch { close stdin }
	catch { close stdout }
	return {"closed"}
}

proc outlived {event context} { exec sleep 60 & }

proc unserializable {event context} { return "no JSON" }

proc exits {event context} { exit 3 }

proc stuck {event context} {
	try {
		puts begun
		vwait forever
	} finally {
		puts finally
	}
}

proc in_time {event context} {
	catch {
		puts begun
		vwait forever
	}
	return {"in time"}
}
