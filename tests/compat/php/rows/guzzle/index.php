<?php
set_include_path(__DIR__ . '/vendor');
require_once 'GuzzleHttp/autoload.php';
require_once 'Symfony/Component/HttpClient/autoload.php';

use GuzzleHttp\Client;
use GuzzleHttp\Exception\ConnectException;
use GuzzleHttp\Promise\Utils;
use Symfony\Component\HttpClient\HttpClient;

function handler(array $event): array
{
    static $guzzle = null, $symfony = null;
    $guzzle ??= new Client(['base_uri' => getenv('URL')]);
    $symfony ??= HttpClient::create();
    $url = getenv('URL');
    $answer = match ($event['by']) {
        'guzzle' => (string) $guzzle->post('/echo', ['json' => $event])->getBody(),
        'curl' => by_curl("$url/echo", $event),
        'symfony' => $symfony->request('POST', "$url/echo", ['json' => $event])->getContent(),
        'stream' => file_get_contents("$url/echo", false, stream_context_create(['http' => ['method' => 'POST', 'content' => json_encode($event)]])),
        'promises' => json_encode(array_map(fn ($response) => $response->getStatusCode(), Utils::unwrap(['a' => $guzzle->getAsync('/a'), 'b' => $guzzle->getAsync('/b')]))),
        'refused' => refused($guzzle),
    };
    return ['by' => $event['by'], 'answer' => json_decode($answer, true)];
}

function by_curl(string $url, array $event): string
{
    $curl = curl_init($url);
    curl_setopt_array($curl, [CURLOPT_POSTFIELDS => json_encode($event), CURLOPT_RETURNTRANSFER => true]);
    return curl_exec($curl);
}

function refused(Client $guzzle): string
{
    try {
        return $guzzle->get('http://127.0.0.1:9/')->getReasonPhrase();
    } catch (ConnectException $error) {
        return json_encode($error::class);
    }
}
