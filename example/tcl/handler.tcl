# A handler: the event and the response are JSON, and the context is a dict.
package require json
package require json::write

proc hello {event context} {
	set event [json::json2dict $event]
	# An event of an AWS service comes as a CloudEvent, with what AWS sent in `data`. Any other JSON comes as it is.
	set data [expr {[dict exists $event specversion] ? [dict get $event data] : $event}]
	set name world
	foreach path {name {queryStringParameters name}} {
		catch { set name [dict get $data {*}$path] }
	}

	puts "until [dict get $context deadlineMs]" ;# to the log
	json::write object message [json::write string "Hello, $name!"]
}
