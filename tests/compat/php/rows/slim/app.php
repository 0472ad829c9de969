<?php
set_include_path(__DIR__ . '/vendor');
require_once 'Slim/autoload.php';
require_once 'Nyholm/Psr7/autoload.php';

$app = new Slim\App(['settings' => ['displayErrorDetails' => false]]);
$app->add(fn ($request, $response, $next) => $next($request, $response)->withHeader('X-Shown', 'yes'));
$app->get('/orders/{id}', function ($request, $response, $parts) {
    return $response->withJson(['id' => $parts['id'], 'query' => $request->getQueryParams(), 'agent' => $request->getHeaderLine('User-Agent')]);
});
$app->post('/[{path:.*}]', function ($request, $response, $parts) {
    return $response->withJson(['path' => $parts['path'] ?? '', 'body' => $request->getParsedBody(), 'type' => $request->getHeaderLine('Content-Type')], 201);
});

return $app;
