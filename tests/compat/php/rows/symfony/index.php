<?php
use Symfony\Component\HttpFoundation\Request;

// What API Gateway sends as a request of Symfony, and the response back.
function handler(array $event): array
{
    static $kernel = null;
    $kernel ??= require __DIR__ . '/app.php';
    $http = $event['requestContext']['http'];
    $body = $event['body'] ?? '';
    $body = ($event['isBase64Encoded'] ?? false) ? base64_decode($body) : $body;
    parse_str(implode('&', $event['cookies'] ?? []), $cookies);
    $server = ['REMOTE_ADDR' => $http['sourceIp'], 'CONTENT_TYPE' => $event['headers']['content-type'] ?? ''];
    foreach ($event['headers'] as $name => $value) {
        $server['HTTP_' . strtoupper(strtr($name, '-', '_'))] = $value;
    }
    $uri = "https://{$event['headers']['host']}{$event['rawPath']}?{$event['rawQueryString']}";
    $request = Request::create($uri, $http['method'], [], $cookies, [], $server, $body);
    $response = $kernel->handle($request);
    $kernel->terminate($request, $response);
    return ['statusCode' => $response->getStatusCode(), 'headers' => ['content-type' => $response->headers->get('content-type')], 'body' => $response->getContent()];
}
