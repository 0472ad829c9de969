<?php
// Returns what the context shows, as pairs of a path and a value.
function show($event, $context)
{
    $found = [];
    foreach (get_object_vars($context) as $name => $value) {
        array_push($found, ...members($name, $value));
    }
    foreach (get_class_methods($context) as $name) {
        if ($name !== '__construct') {
            array_push($found, ...members("$name()", $context->$name()));
        }
    }
    $found[] = ['$_X_AMZN_TRACE_ID', getenv('_X_AMZN_TRACE_ID')];
    return $found;
}

function members($path, $value)
{
    if (!is_array($value)) {
        return [[$path, $value]];
    }
    $found = [];
    foreach ($value as $name => $each) {
        array_push($found, ...members("{$path}['$name']", $each));
    }
    return $found;
}
