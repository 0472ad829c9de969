<?php
// Language runtime for PHP: loads the handler, then answers calls on descriptors 8 and 9 (see ../README.md).
declare(strict_types=1);

namespace OpenRuntime;

const DEEP = 10000; // levels of JSON; more could exhaust the stack
const AS_JSON = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION | JSON_THROW_ON_ERROR;

/** A failure that AWS has a name for. The handler did not throw it. */
class Failure extends \Exception
{
    public function __construct(public readonly string $errorType, string $message)
    {
        parent::__construct($message);
    }
}

/** Thrown at the current line of the handler, shortly before the deadline. `catch (\Exception $e)` does not catch it. */
class FunctionTimeout extends \Error
{
    public string $errorType = 'Function.Timeout';
}

/** The members of AWS's context, with the names that AWS uses in its languages. */
class Context
{
    public readonly ?string $awsRequestId;
    public readonly ?string $invokedFunctionArn;
    public readonly ?string $traceId;
    public readonly ?string $tenantId;
    public readonly ?array $clientContext;
    public readonly ?array $identity;
    public readonly ?string $functionName;
    public readonly ?string $functionVersion;
    public readonly ?string $memoryLimitInMB;
    public readonly ?string $logGroupName;
    public readonly ?string $logStreamName;
    public readonly int $deadlineMs;
    private readonly array $w3c;

    public function __construct(array $given)
    {
        $this->awsRequestId = $given['requestId'] ?? null;
        $this->invokedFunctionArn = $given['functionArn'] ?? null;
        $this->traceId = $given['traceId'] ?? null;
        $this->tenantId = $given['tenantId'] ?? null;
        [$client, $fields] = [$given['clientContext'] ?? null, []];
        if (is_array($client)) {
            $fields = $client['w3c'] ?? [];
            unset($client['w3c']); // as AWS's client for Python does
        }
        $names = ['traceparent' => 0, 'tracestate' => 0, 'baggage' => 0];
        $this->w3c = is_array($fields) ? array_filter(array_intersect_key($fields, $names), is_string(...)) : [];
        $this->clientContext = is_array($client) ? $client : null;
        $this->identity = $given['identity'] ?? null;
        $this->deadlineMs = $given['deadlineMs'] ?? 0;
        $this->functionName = getenv('AWS_LAMBDA_FUNCTION_NAME') ?: null;
        $this->functionVersion = getenv('AWS_LAMBDA_FUNCTION_VERSION') ?: null;
        $this->memoryLimitInMB = getenv('AWS_LAMBDA_FUNCTION_MEMORY_SIZE') ?: null;
        $this->logGroupName = getenv('AWS_LAMBDA_LOG_GROUP_NAME') ?: null;
        $this->logStreamName = getenv('AWS_LAMBDA_LOG_STREAM_NAME') ?: null;
    }

    public function getRemainingTimeInMillis(): int
    {
        return max(0, $this->deadlineMs - (int) (microtime(true) * 1000));
    }

    /** The W3C trace context that came with the client context. */
    public function w3c(): array
    {
        return $this->w3c;
    }

    // Bref's names

    public function getAwsRequestId(): string
    {
        return $this->awsRequestId ?? '';
    }

    public function getInvokedFunctionArn(): string
    {
        return $this->invokedFunctionArn ?? '';
    }

    public function getTraceId(): string
    {
        return $this->traceId ?? '';
    }
}

/** Loads the handler that `src/users.create` or `file.Class::method` names. Companions of middlewares may wrap it. */
function load_handler(string $name): callable
{
    if (!preg_match('~^((?:.*/)?[^./]+)\.([^./]+)$~', $name, $parts) || str_contains($name, '..')) {
        throw new Failure('Runtime.MalformedHandlerName', "'$name' is not of the form [folder/]file.function");
    }
    $wraps = array_filter(array_map(load_companion(...), explode(':', getenv('SLSCOMPANIONS') ?: '')));
    $file = ($parts[1][0] === '/' ? '' : getcwd() . '/') . "$parts[1].php";
    $handler = load_file($file);
    $handler = is_object($handler) ? $handler : (is_array($handler) ? $handler[$parts[2]] ?? null : $parts[2]);
    $handler = adapt($handler) ?? throw new Failure('Runtime.HandlerNotFound', "the function '$parts[2]' is missing from $file");
    return array_reduce(array_reverse($wraps), fn ($inner, $wrap) => $wrap($inner), $handler);
}

/** Turns a handler into a function of event and context, or null. Handlers for bref have a method `handle` and bref's context. */
function adapt(mixed $handler): ?\Closure
{
    $given = $handler;
    if ($handler instanceof \Psr\Http\Server\RequestHandlerInterface && class_exists(\Bref\Event\Http\Psr15Handler::class)) {
        $handler = new \Bref\Event\Http\Psr15Handler($handler);
    }
    $handler = is_object($handler) && !is_callable($handler) ? [$handler, 'handle'] : $handler;
    if (!is_callable($handler)) {
        return null;
    }
    $call = $handler(...);
    $wanted = ((new \ReflectionFunction($call))->getParameters()[1] ?? null)?->getType();
    $isForBref = ltrim((string) $wanted, '?') === 'Bref\Context\Context';
    if ($isForBref) {
        $inner = $call;
        $call = fn ($event, $context) => $inner($event, context_of_bref($context));
    }
    if (!$isForBref && !class_exists('Bref\Bref', false) || !method_exists('Bref\Bref', 'events')) { // the second may load a file
        return $call;
    }
    require_once __DIR__ . '/bref.php';
    return with_bref($given, $call);
}

function context_of_bref(Context $context): \Bref\Context\Context
{
    return new \Bref\Context\Context($context->getAwsRequestId(), $context->deadlineMs, $context->getInvokedFunctionArn(), $context->getTraceId());
}

/** Loads a file. It may return a function, an object, an array of functions by name, or nothing. */
function load_file(string $file): mixed
{
    if (!is_file($file)) {
        throw new Failure('Runtime.ImportModuleError', "cannot load $file: no such file");
    }
    try {
        return (static fn () => require $file)();
    } catch (\ParseError $error) {
        throw new Failure('Runtime.UserCodeSyntaxError', "{$error->getMessage()} ({$error->getFile()}:{$error->getLine()})");
    }
}

/** A companion may return a function that takes a handler and returns one. */
function load_companion(string $folder): ?callable
{
    $file = "$folder/php.php";
    if ($folder === '' || !is_file($file)) {
        return null;
    }
    try {
        $wrap = load_file(realpath($file));
    } catch (\Throwable $error) {
        throw new Failure('Runtime.CompanionError', "the companion $file failed: {$error->getMessage()}");
    }
    return is_callable($wrap) ? $wrap : null;
}

/** Parses the call in a line. */
function read_event(string $line): array
{
    try {
        return json_decode($line, true, DEEP, JSON_THROW_ON_ERROR);
    } catch (\JsonException) { // PHP's parser refuses 999 levels if they have several members; decode_deep accepts them
    }
    try {
        $at = 0;
        $call = decode_deep($line, $at, 0);
        if (trim(substr($line, $at)) !== '') {
            throw new \JsonException("more than one value, from byte $at on");
        }
        return $call;
    } catch (\JsonException $error) {
        preg_match('~^\{"id":"([^"]*)"~', $line, $parts);
        $failure = new Failure('Runtime.UnmarshalError', "cannot read the event: {$error->getMessage()}");
        return ['id' => $parts[1] ?? '', 'failure' => $failure];
    }
}

/** Returns the value at $at, and moves $at behind it. It is slow, and only for what PHP's own parser cannot read. */
function decode_deep(string $json, int &$at, int $level): mixed
{
    if ($level > DEEP) { // the call itself is one level
        throw new \JsonException('it is deeper than ' . DEEP . ' levels');
    }
    $first = next_token($json, $at);
    if ($first !== '{' && $first !== '[') {
        return json_decode($first, true, 1, JSON_THROW_ON_ERROR);
    }
    $value = [];
    $close = $first === '{' ? '}' : ']';
    for ($start = $at; ($token = next_token($json, $at)) !== $close || $value; $start = $at) {
        if ($value && $token !== ',') {
            if ($token === $close) {
                return $value;
            }
            throw new \JsonException("no comma at byte $start");
        }
        $at = $value ? $at : $start;
        if ($close === ']') {
            $value[] = decode_deep($json, $at, $level + 1);
            continue;
        }
        $name = next_token($json, $at);
        if ($name[0] !== '"' || next_token($json, $at) !== ':') {
            throw new \JsonException("no member at byte $start");
        }
        $value[json_decode($name, true, 1, JSON_THROW_ON_ERROR)] = decode_deep($json, $at, $level + 1);
    }
    return $value;
}

/** Returns the next string, bracket, comma or colon, or the text between those. */
function next_token(string $json, int &$at): string
{
    $start = $at += strspn($json, " \t\r\n", $at);
    $first = $json[$at++] ?? throw new \JsonException('it ends too early');
    if ($first === '"') {
        while (($json[$at += strcspn($json, '"\\', $at)] ?? '') === '\\') {
            $at += 2;
        }
        $at++;
    } elseif (!str_contains('{}[],:', $first)) {
        $at += strcspn($json, "{}[],:\" \t\r\n", $at);
    }
    return substr($json, $start, $at - $start);
}

/** Calls the handler, and returns the member of the answer that remains to be written. What streams has gone out by then. */
function call_handler(callable $handler, array $call): string
{
    if (isset($call['failure'])) {
        throw $call['failure'];
    }
    $state = state();
    $context = new Context($call['context'] ?? []);
    set_environment('_X_AMZN_TRACE_ID', $context->traceId);
    $state->latest = $state->running = $context;
    $debug = $call['context']['debug'] ?? null;
    try {
        if ($debug) {
            require_once __DIR__ . '/debugger.php';
            $handler = debug($handler, $debug, $context);
        }
        $result = $handler($call['event'] ?? null, $context);
        if (streams($result)) {
            require_once __DIR__ . '/stream.php';
            return (new Stream($call['id'], $result, $call['context']['bytes'] ?? false))->answer($call['context']['stream'] ?? false);
        }
    } finally {
        $state->running = null;
        if ($debug) {
            ($state->debugger ?? null)?->close();
        }
    }
    return '"response":' . encode($result);
}

/** Sets a variable wherever PHP programs look for it, or removes it. */
function set_environment(string $name, ?string $value): void
{
    putenv($value === null ? $name : "$name=$value");
    if ($value === null) {
        unset($_SERVER[$name], $_ENV[$name]);
    } else {
        $_SERVER[$name] = $_ENV[$name] = $value;
    }
}

/** A generator or a resource streams, alone or as a body. JSON cannot hold them. */
function streams(mixed $result): bool
{
    $body = \is_array($result) ? $result['body'] ?? null : $result;
    return $body instanceof \Generator || \is_resource($body);
}

function encode(mixed $result): string
{
    try {
        return json_encode($result, AS_JSON, DEEP);
    } catch (\Throwable $error) {
        throw new Failure('Runtime.MarshalError', "cannot turn the result into JSON: {$error->getMessage()}");
    }
}

/** Writes one whole line. A process that the handler forked must not write to the protocol. */
function write_response(string $json): void
{
    write_all("$json\n");
}

function write_all(string $rest): void
{
    $state = state();
    if (getmypid() !== $state->process) {
        exit(1);
    }
    for (; $rest !== ''; $rest = substr($rest, $written)) {
        $written = @fwrite($state->output, $rest);
        if (!$written) {
            exit(1); // bootstrap has gone
        }
    }
}

function describe_error(\Throwable $error): string
{
    $isFailure = $error instanceof Failure;
    return json_encode([
        'errorType' => $error->errorType ?? $error::class,
        'errorMessage' => $error->getMessage(),
        'stackTrace' => $isFailure ? [] : stack_of($error),
    ], AS_JSON | JSON_INVALID_UTF8_SUBSTITUTE);
}

/** The lines of user code, and then those of each previous exception. */
function stack_of(\Throwable $error, int $level = 0): array
{
    $stack = ["{$error->getFile()}:{$error->getLine()}", ...explode("\n", $error->getTraceAsString())];
    $stack = array_values(array_filter($stack, fn ($line) => !str_contains($line, __DIR__) && !str_contains($line, '{main}')));
    $previous = $level < 10 ? $error->getPrevious() : null;
    return $previous ? [...$stack, 'Caused by ' . $previous::class . ": {$previous->getMessage()}", ...stack_of($previous, $level + 1)] : $stack;
}

/** What the handlers of SIGTERM and of the end of the process must know. */
function state(): \stdClass
{
    static $state = new \stdClass();
    return $state;
}

/** SIGTERM means, during a call, that little time is left, and between calls that the Shutdown phase has begun. */
function on_sigterm(): void
{
    $state = state();
    if ($state->running) {
        $left = $state->running->getRemainingTimeInMillis();
        throw new FunctionTimeout("the handler was still running $left ms before its deadline");
    }
    if (!$state->latest || $state->latest->getRemainingTimeInMillis() > $state->graceMs) { // otherwise it was meant for that call
        exit(0);
    }
}

/** Reports a fatal error or an exit during the loading of the handler. */
function on_shutdown(): void
{
    if (!state()->isReady) {
        $error = error_get_last();
        $message = $error ? "{$error['message']} ({$error['file']}:{$error['line']})" : 'exit was called';
        write_response('{"error":' . describe_error(new Failure('Runtime.ExitError', $message)) . '}');
    }
    if (function_exists(__NAMESPACE__ . '\log_fatal_error')) {
        log_fatal_error();
    }
}

/** Opens the descriptors of the protocol, which PHP duplicates. */
function open_protocol(): void
{
    $state = state();
    $state->input = fopen('php://fd/8', 'r');
    $state->output = fopen('php://fd/9', 'w');
    stream_set_blocking($state->input, true);
    stream_set_blocking($state->output, true);
    if (extension_loaded('ffi')) { // only FFI can make them close-on-exec; without it, children inherit them
        $libc = \FFI::cdef('int fcntl(int, int, int);');
        array_map(fn ($descriptor) => $libc->fcntl($descriptor, 2, 1), range(3, 15)); // F_SETFD, FD_CLOEXEC
    }
}

/** SnapStart: the function runs before the snapshot. The one that was given last runs first. */
function before_snapshot(callable $hook): void
{
    state()->beforeSnapshot = [$hook, ...state()->beforeSnapshot ?? []];
}

/** SnapStart: the function runs after the snapshot has been restored. */
function after_restore(callable $hook): void
{
    state()->afterRestore = [...state()->afterRestore ?? [], $hook];
}

function run_hook(string $name): string
{
    if ($name !== 'before-snapshot') {
        mt_srand(); // or each environment of the snapshot would have the same numbers
    }
    foreach (($name === 'before-snapshot' ? state()->beforeSnapshot : state()->afterRestore) ?? [] as $hook) {
        $hook();
    }
    return '"response":null';
}

/** Goes the way of a call once in Init, because what runs for the first time takes longer. */
function warm_up(): void
{
    $call = read_event('{"id":"","event":{"a":[1,""]},"context":{"requestId":"","deadlineMs":0}}');
    (new Context($call['context']))->getRemainingTimeInMillis();
    json_encode($call['event'], AS_JSON, DEEP);
}

function main(string $name): void
{
    $state = state();
    [$state->process, $state->isReady, $state->running, $state->latest] = [getmypid(), false, null, null];
    $state->graceMs = (int) getenv('SLSGRACE'); // bootstrap sets and checks it
    open_protocol();
    if (strtoupper(getenv('AWS_LAMBDA_LOG_FORMAT') ?: '') === 'JSON') {
        require __DIR__ . '/logs.php';
    }
    register_shutdown_function(on_shutdown(...));
    try {
        $handler = load_handler($name);
    } catch (\Throwable $error) {
        $state->isReady = true;
        write_response('{"error":' . describe_error($error) . '}');
        exit(1);
    }
    $state->isReady = true;
    if (function_exists('pcntl_signal') && pcntl_signal_get_handler(SIGTERM) === SIG_DFL) {
        pcntl_async_signals(true);
        pcntl_signal(SIGTERM, on_sigterm(...), false);
    }
    warm_up();
    write_response('{"ready":{"protocol":1,"name":"php","version":"' . PHP_VERSION . '","concurrency":1,"hooks":true}}');
    while (($line = fgets($state->input)) !== false) {
        $call = read_event($line);
        try {
            $answer = isset($call['hook']) ? run_hook($call['hook']) : call_handler($handler, $call);
        } catch (\Throwable $error) {
            $answer = '"error":' . describe_error($error);
        }
        write_response('{"id":' . json_encode($call['id'], AS_JSON) . ",$answer}");
    }
}

main($argv[1] ?? '');
