proc echoes {event context} {
