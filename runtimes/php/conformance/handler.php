<?php
echo "top-level code\n";

function page($body, $head = [])
{
    return $head + ['statusCode' => 200, 'headers' => ['content-type' => 'text/html'], 'body' => $body];
}

function each($items)
{
    yield from $items;
}

function wait_for($file)
{
    while (!file_exists($file)) {
        usleep(10000);
        clearstatcache();
    }
}

return [
    'echoes' => fn ($event) => $event,
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
        passthru('echo from a grandchild; echo to descriptor 8 >&8; echo to descriptor 9 >&9; true');
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

    // Streams: each result is the whole body, or the body of `page`.
    'streams' => fn () => each(["one\n", 'zwei ä', '', "\0\xff", "\xc3", "\xa4", 'end']),
    'streams_http' => fn () => page(each(['<p>', '</p>']), [
        'statusCode' => 201,
        'headers' => ['content-type' => 'text/html', 'x-count' => 2, 'x-many' => ['a', 'b']],
        'cookies' => ['c=1', 'd=2'],
    ]),
    'streams_no_status' => fn () => ['body' => each(['no status'])],
    'streams_json' => fn () => each([['a' => [1, 'é']], 7]),
    'streams_nothing' => fn () => each([]),
    'streams_empty_page' => fn () => page(each([]), ['statusCode' => 204]),
    'streams_empty_chunk' => fn () => page((function () {
        yield '';
        wait_for('go');
    })()),
    'streams_bytes_page' => fn () => page(each(["\xff\0"])),
    'streams_big' => fn () => each([str_repeat('é', 100000), str_repeat("\xff\xfe", 100000), str_repeat("\0", 60000)]),
    'streams_many' => function () {
        for ($number = 0; $number < 10000; $number++) {
            yield "$number\n";
        }
    },
    'fails_early' => fn ($event) => page((function () use ($event) {
        throw new TypeError("no $event");
        yield '';
    })()),
    'breaks_off' => function ($event) {
        try {
            yield 'begun';
            throw new TypeError("no $event");
        } finally {
            echo "finally\n";
        }
    },
    'streams_unserializable' => function () {
        try {
            yield 'begun';
            yield NAN;
        } finally {
            echo "finally\n";
        }
    },
    'streams_stuck' => function () {
        try {
            yield 'begun';
            echo "begun\n";
            usleep(60000000); // here
        } catch (Exception $e) {
            yield 'swallowed';
        } finally {
            echo "finally\n";
        }
    },
    'streams_slowly' => function () {
        yield 'first';
        echo str_repeat('x', 99), "meanwhile\n";
        wait_for('go');
        yield 'second';
    },
    'streams_much' => function ($event) {
        try {
            for ($left = (int) $event; $left; $left--) {
                yield str_repeat("\0", 65536);
                echo "made\n";
            }
        } finally {
            echo "finally\n";
        }
    },
];
