<?php
// The same app under PHP's own server, asked what the event asks. The system chooses the port.
$server = proc_open(['php', '-d', 'display_errors=0', '-S', '127.0.0.1:0', __DIR__ . '/server.php'], [['file', '/dev/null', 'r'], ['file', '/dev/null', 'w'], ['pipe', 'w']], $pipes);
do {
    $line = fgets($pipes[2]);
} while ($line !== false && !preg_match('~\((http://[\d.:]+)\) started~', $line, $parts));
while (($line = fgets(STDIN)) !== false) {
    $event = json_decode($line, true);
    $headers = array_map(fn ($name, $value) => "$name: $value", array_keys($event['headers']), $event['headers']);
    $headers = array_filter($headers, fn ($header) => !preg_match('/^(host|content-length|connection):/i', $header));
    $body = $event['body'] ?? '';
    $options = ['method' => $event['requestContext']['http']['method'], 'header' => $headers, 'ignore_errors' => true];
    $options['content'] = ($event['isBase64Encoded'] ?? false) ? base64_decode($body) : $body;
    $text = file_get_contents("$parts[1]{$event['rawPath']}?{$event['rawQueryString']}", false, stream_context_create(['http' => $options]));
    $got = array_change_key_case(array_column(array_map(fn ($header) => explode(': ', $header, 2), array_slice($http_response_header, 1)), 1, 0));
    $answer = ['statusCode' => (int) explode(' ', $http_response_header[0])[1], 'headers' => ['content-type' => $got['content-type'], 'x-shown' => $got['x-shown'] ?? ''], 'body' => $text];
    file_put_contents($argv[2], json_encode(['response' => $answer], JSON_THROW_ON_ERROR) . "\n", FILE_APPEND);
}
proc_terminate($server);
