# Runs handlers in Tcl 8.6: `handler.hello` is the procedure `hello` of handler.tcl. Its arguments are the event, a text of JSON,
# and the context, a dict. It returns a text of JSON. TclX has signals and descriptors, and tDOM says what is JSON.
package require Tclx
package require tdom

namespace eval open_runtime {
	variable handler {} running 0 file {} escapes {\" \\\" \\ \\\\}
	for {set code 0} {$code < 32} {incr code} { lappend escapes [format %c $code] [format {\u%04x} $code] }
}

# In Init `exit` is never success.
rename exit open_runtime::exit
proc exit {{status 0}} { open_runtime::exit [expr {$status == 0 && $open_runtime::handler eq {} ? 1 : $status}] }

proc open_runtime::load_handler {name} {
	if {![regexp {^(.*[^/])\.([^./]+)$} $name - path procedure]} {
		throw Runtime.MalformedHandlerName "\"$name\" is not \[folder/\]file.procedure"
	}
	set open_runtime::file [set file $path.tcl]
	if {![file readable $file]} { throw Runtime.ImportModuleError "there is no $file in [pwd]" }
	if {![info complete [read_file $file]\n]} { throw Runtime.UserCodeSyntaxError "$file: a brace, bracket or quote is not closed" }
	uplevel #0 [list source $file]
	if {"::$procedure" ni [info procs ::*]} { throw Runtime.HandlerNotFound "$file has no procedure $procedure" }
	set open_runtime::handler ::$procedure
	return "\"ready\":{\"protocol\":1,\"name\":\"tcl\",\"version\":\"[info patchlevel]\"}"
}

# A dict of what bootstrap says. Its member `json` is all of the context, with what the caller says.
proc open_runtime::read_context {json} {
	set context [dict create json $json requestId {} deadlineMs {} functionArn {} traceId {} tenantId {}]
	regsub {,"(?:clientContext|identity)":.*} $json {} own
	foreach {- name text number} [regexp -all -inline {"(\w+)":(?:"((?:[^"\\]|\\.)*)"|(\d+))} $own] {
		dict set context $name $number[subst -nocommands -novariables $text]
	}
	return $context
}

proc open_runtime::call_handler {bytes} {
	set line [encoding convertfrom utf-8 $bytes]
	if {[encoding convertto utf-8 $line] ne $bytes} { throw Runtime.UnmarshalError "the event is not UTF-8" }
	set end [string last ",\"context\":\{" $line]
	set event [string range $line [string first {,"event":} $line]+9 $end-1]
	set context [read_context [string range $line $end+11 end-1]]
	set ::env(_X_AMZN_TRACE_ID) [dict get $context traceId]
	if {$::env(_X_AMZN_TRACE_ID) eq {}} { unset ::env(_X_AMZN_TRACE_ID) }
	signal trap SIGTERM open_runtime::stop
	set open_runtime::running 1
	set response [$open_runtime::handler $event $context]
	set open_runtime::running 0
	return "\"response\":[write_response $response]"
}

proc open_runtime::write_response {json} {
	if {$json eq {}} { return null }
	if {[catch { [dom parse -json " $json"] delete } message]} { throw Runtime.MarshalError $message }
	set bytes [encoding convertto utf-8 [string map {\n { } \r { }} $json]] ;# line feeds are between tokens
	if {[regexp {\xed[\xa0-\xbf]} $bytes]} { throw Runtime.MarshalError "half of a surrogate pair" }
	return $bytes
}

# An error as JSON. Its type is from Tcl's error code. Tcl's stack has procedures, but no file.
proc open_runtime::describe_error {message options} {
	regexp {^[\w.]*(?: [\w.]+)?} [dict get $options -errorcode] type
	set type [string map {NONE Error {TCL CANCEL} Function.Timeout {TCL PACKAGE} Runtime.ImportModuleError { } .} $type]
	set stack [string range [dict get $options -errorinfo] [string length $message] end]
	regsub {\n[^\n]*\n"(?:\$open_runtime::handler |source |uplevel ).*} $stack "\n$open_runtime::file" stack
	if {[string match Runtime.* $type]} { set stack {} }
	set escapes $open_runtime::escapes
	set lines [lmap frame [split [string trim $stack] \n] { string cat \" [string map $escapes [string trim $frame]] \" }]
	set json "{\"errorType\":\"$type\",\"errorMessage\":\"[string map $escapes $message]\",\"stackTrace\":\[[join $lines ,]\]}"
	return [regsub -all {\xed[\xa0-\xbf][\x80-\xbf]} [encoding convertto utf-8 $json] ?]
}

# SIGTERM in a call. A cancellation is an error of the command that runs.
proc open_runtime::stop {} {
	if {$open_runtime::running} { interp cancel {} "the handler was stopped by SIGTERM" }
}

# Moves a pipe of the protocol to a descriptor of our own, and puts `replacement` in its place.
proc open_runtime::take {channel replacement} {
	set own [dup $channel]
	fcntl $own CLOEXEC 1
	fconfigure $own -translation binary -blocking 1
	dup $replacement $channel
	return $own
}

proc open_runtime::run {name} {
	set in [take stdin [open /dev/null]]
	set out [take stdout stderr]
	fconfigure stdout -buffering line
	set id {}
	set failed [catch { load_handler $name } result options]
	while {1} {
		# Between calls it is ignored: with that of a shutdown STDIN ends. One for the call may come just behind the handler.
		while {[catch { signal ignore SIGTERM; after 0; set open_runtime::running 0 }]} {}
		catch { flush stdout }
		puts $out "{$id[expr {$failed ? "\"error\":[describe_error $result $options]" : $result}]}"
		flush $out
		if {$open_runtime::handler eq {}} { ::exit 1 }
		if {[gets $in line] < 0} { ::exit }
		regexp {^\{("id":"[^"]*",)} $line - id
		set failed [catch { call_handler $line } result options]
	}
}

encoding system utf-8
open_runtime::run [lindex $argv 0]
