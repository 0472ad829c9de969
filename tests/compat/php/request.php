<?php
use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\Response;

// For rows whose framework takes requests of Symfony, or of a class of them. Each row has a link to this file.

/** What API Gateway sends as a request of that class. */
function request_of(string $class, array $event): Request
{
    $http = $event['requestContext']['http'];
    $body = $event['body'] ?? '';
    $body = ($event['isBase64Encoded'] ?? false) ? base64_decode($body) : $body;
    parse_str(implode('&', $event['cookies'] ?? []), $cookies);
    $server = ['REMOTE_ADDR' => $http['sourceIp'], 'CONTENT_TYPE' => $event['headers']['content-type'] ?? ''];
    foreach ($event['headers'] as $name => $value) {
        $server['HTTP_' . strtoupper(strtr($name, '-', '_'))] = $value;
    }
    $uri = "https://{$event['headers']['host']}{$event['rawPath']}?{$event['rawQueryString']}";
    return $class::create($uri, $http['method'], [], $cookies, [], $server, $body);
}

function answer_of(Response $response): array
{
    return ['statusCode' => $response->getStatusCode(), 'headers' => ['content-type' => $response->headers->get('content-type')], 'body' => $response->getContent()];
}
