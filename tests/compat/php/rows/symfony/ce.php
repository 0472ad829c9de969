<?php
require __DIR__ . '/index.php';

function data_handler(array $event): array
{
    return handler($event['data']);
}
