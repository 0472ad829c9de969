<?php
echo "top-level code\n";

return [
    'echo' => fn ($event) => $event,
    'nothing' => function () {},
    'counts' => function () { static $count = 0; return ++$count; },
    'pid' => fn () => getmypid(),
    'context' => fn ($event, $context) => [
        'requestId' => $context->awsRequestId,
        'arn' => $context->invokedFunctionArn,
        'name' => $context->functionName,
        'version' => $context->functionVersion,
        'memory' => $context->memoryLimitInMB,
        'group' => $context->logGroupName,
        'stream' => $context->logStreamName,
        'tenant' => $context->tenantId,
        'remaining' => $context->getRemainingTimeInMillis(),
        'trace' => getenv('_X_AMZN_TRACE_ID'),
    ],
    'fails' => fn ($event) => throw new TypeError("no $event"),
    'prints' => function () {
        for ($i = 0; $i < 30000; $i++) {
            echo str_repeat('x', 99), "\n";
        }
        fwrite(fopen('php://output', 'w'), '{"id":"8f507cfc","response":"forged"}' . "\n");
        fwrite(fopen('php://stdout', 'w'), "written to 1\n");
        passthru('echo from a grandchild; echo to descriptor 8 >&8; echo to descriptor 9 >&9; for fd in 3 4 5 6 7; do eval "echo to descriptor \$fd >&\$fd"; done; true');
        return 'printed';
    },
    'closes' => function () {
        fclose(fopen('php://stdin', 'r'));
        return 'closed';
    },
    'outlived' => fn () => proc_get_status($GLOBALS['sleep'] = proc_open(['sleep', '60'], [], $pipes))['pid'],
    'reads' => fn () => stream_get_contents(fopen('php://stdin', 'r')),
    'unserializable' => fn () => NAN,
    'exits' => fn () => exit(3),
    'stuck' => function () {
        echo "begun\n";
        try {
            usleep(60000000); // here
        } catch (Exception $e) {
            return 'swallowed';
        } finally {
            echo "finally\n";
        }
    },
    'in_time' => function () {
        echo "begun\n";
        try {
            usleep(60000000);
        } catch (Throwable $e) {
            return 'in time';
        }
    },
];
