<?php
set_include_path(__DIR__ . '/vendor');
require_once 'AsyncAws/Sqs/autoload.php';

use AsyncAws\Core\Exception\Http\ClientException;
use AsyncAws\Sqs\SqsClient;

function handler(array $event): array
{
    static $sqs = null;
    $sqs ??= new SqsClient(['endpoint' => getenv('AWS_ENDPOINT_URL'), 'region' => 'eu-west-1', 'accessKeyId' => 'id', 'accessKeySecret' => 'secret']);
    $url = $sqs->createQueue(['QueueName' => 'orders'])->getQueueUrl();
    $sqs->sendMessage(['QueueUrl' => $url, 'MessageBody' => json_encode($event)])->resolve();
    $bodies = [];
    foreach ($sqs->receiveMessage(['QueueUrl' => $url, 'MaxNumberOfMessages' => 10])->getMessages() as $message) {
        $bodies[] = json_decode($message->getBody(), true);
        $sqs->deleteMessage(['QueueUrl' => $url, 'ReceiptHandle' => $message->getReceiptHandle()])->resolve();
    }
    try {
        $sqs->sendMessage(['QueueUrl' => "{$url}s", 'MessageBody' => 'x'])->resolve();
    } catch (ClientException $error) {
        return ['received' => $bodies, 'missing' => $error->getCode() >= 400];
    }
}
