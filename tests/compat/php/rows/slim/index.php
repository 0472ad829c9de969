<?php
// What API Gateway sends as a PSR-7 request, and the response back.
function handler(array $event): array
{
    static $app = null;
    $app ??= require __DIR__ . '/app.php';
    $http = $event['requestContext']['http'];
    $body = $event['body'] ?? '';
    $body = ($event['isBase64Encoded'] ?? false) ? base64_decode($body) : $body;
    $uri = "https://{$event['requestContext']['domainName']}{$event['rawPath']}?{$event['rawQueryString']}";
    $request = new Nyholm\Psr7\ServerRequest($http['method'], $uri, $event['headers'], $body);
    parse_str($event['rawQueryString'], $query);
    $response = $app->process($request->withQueryParams($query)->withParsedBody(json_decode($body, true)), new Slim\Http\Response());
    return [
        'statusCode' => $response->getStatusCode(),
        'headers' => ['content-type' => $response->getHeaderLine('Content-Type'), 'x-shown' => $response->getHeaderLine('X-Shown')],
        'body' => (string) $response->getBody(),
    ];
}
