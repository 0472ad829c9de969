<?php
// A handler as Bref's documentation has it: a file that returns a function.
return function (mixed $event, $context): mixed {
    static $calls = 0;
    $calls++;
    if (is_array($event)) {
        return ['event' => $event, 'type' => gettype($event)];
    }
    return match ($event) {
        'context' => [
            'id' => strlen($context->getAwsRequestId()),
            'arn' => $context->getInvokedFunctionArn(),
            'left' => $context->getRemainingTimeInMillis() > 20_000,
            'trace' => $context->getTraceId(),
            'variables' => [getenv('_X_AMZN_TRACE_ID') === $context->getTraceId(), $_SERVER['_X_AMZN_TRACE_ID'] === $context->getTraceId(), $_ENV['_X_AMZN_TRACE_ID'] === $context->getTraceId()],
        ],
        'object' => ['none' => new stdClass(), 'list' => [], 'text' => "ü/\u{1f600}"],
        'date' => new DateTimeImmutable('2026-01-02T03:04:05Z'),
        'null' => null,
        'float' => [1.5, 0.1, 1e30],
        'whole' => [1.0],
        'exception' => throw new DomainException('no pears left', 3, new LogicException('inner')),
        'type' => strlen([]),
        'nan' => NAN,
        'bytes' => "\xff",
        'calls' => $calls,
        'root' => [getenv('LAMBDA_TASK_ROOT') === __DIR__, getcwd() === __DIR__, getenv('_HANDLER')],
        default => $event,
    };
};
