<?php
set_include_path(__DIR__ . '/vendor');
require_once 'Laravel/Lumen/autoload.php';

use Illuminate\Http\Request;

$_ENV['APP_ENV'] = 'production';
$app = new Laravel\Lumen\Application('/tmp');
$app->singleton(Illuminate\Contracts\Debug\ExceptionHandler::class, Laravel\Lumen\Exceptions\Handler::class);
$app->singleton(Illuminate\Contracts\Console\Kernel::class, Laravel\Lumen\Console\Kernel::class);
$app->router->post('/orders', fn (Request $request) => response()->json([
    'order' => $request->only('item', 'count'), 'cookie' => $request->cookie('session'), 'ip' => $request->ip(),
], 201));
$app->router->get('/orders/{id:[0-9]+}', fn (Request $request, $id) => ['id' => (int) $id, 'query' => $request->query(), 'collected' => collect([3, 1])->sort()->values()]);
$app->router->get('/fail', fn () => abort(409, 'no pears left'));
return $app;
