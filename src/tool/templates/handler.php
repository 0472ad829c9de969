<?php
// An event and a context in, a result out.
function hello($event, $context)
{
    echo $context->getRemainingTimeInMillis(), " ms left\n"; // to the log
    return ['message' => 'Hello, ' . ($event['name'] ?? 'world') . '!'];
}
