# Fails if a library is missing that the example in Tcl needs.
foreach library {Tclx tdom json json::write} { package require $library }
