proc echoes {event context} { return $event }
