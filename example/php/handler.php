<?php
// A handler: an event and a context in, a result out.
function hello($event, $context)
{
    // An event of an AWS service comes as a CloudEvent, with what AWS sent in `data`. Any other JSON comes as it is.
    $data = isset($event['specversion']) ? $event['data'] : $event;
    $name = $data['queryStringParameters']['name'] ?? $data['name'] ?? 'world';

    echo $context->getRemainingTimeInMillis(), " ms left\n"; // to the log
    return ['message' => "Hello, $name!", 'event' => $event['type'] ?? 'free-form JSON'];
}
