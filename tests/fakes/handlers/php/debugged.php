<?php
function stops($event, $context)
{
    $secret = 40 + 2;
    function_exists('xdebug_break') && xdebug_break();
    return ['secret' => $secret, 'has' => array_keys($event)];
}

function plain($event, $context)
{
    $secret = 40 + 2;
    return ['secret' => $secret, 'has' => array_keys($event)];
}
