<?php
// Streams a page: the caller gets each line when it is made.
function lines($event, $context)
{
    $body = function () {
        for ($number = 0; $number < 3; $number++) {
            yield "line $number\n";
            usleep(100000);
        }
    };
    return ['statusCode' => 200, 'headers' => ['content-type' => 'text/plain'], 'body' => $body()];
}
