<?php
require_once __DIR__ . '/request.php';

function handler(array $event): array
{
    static $app = null;
    $app ??= require __DIR__ . '/app.php';
    return answer_of($app->handle(request_of(Illuminate\Http\Request::class, $event)));
}
