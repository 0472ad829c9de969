<?php
require_once __DIR__ . '/request.php';

function handler(array $event): array
{
    static $kernel = null;
    $kernel ??= require __DIR__ . '/app.php';
    $request = request_of(Symfony\Component\HttpFoundation\Request::class, $event);
    $response = $kernel->handle($request);
    $kernel->terminate($request, $response);
    return answer_of($response);
}
