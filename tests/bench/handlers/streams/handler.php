<?php
function stream($event, $context)
{
    $chunk = str_repeat("\xff", 65536);
    for ($count = 0; $count < $event; $count++) {
        yield $chunk;
    }
}
