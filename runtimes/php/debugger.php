<?php
// Debugs one call with Xdebug, where the function has it. Xdebug itself connects to the debugger; tunnel.php stands between the two, because
// Xdebug waits without a limit, and no signal reaches PHP in a stop. Loaded by the first call that is debugged.
declare(strict_types=1);

namespace OpenRuntime;

const LONGEST_WAIT = 300; // s, for a debugger to attach

/** Waits for a debugger. A failure of it does not fail the call. Returns the handler, which stops at its first line if that was asked for. */
function debug(callable $handler, array $target, Context $context): callable
{
    state()->debugger = new Debugger($target, $context->getRemainingTimeInMillis());
    try {
        $problem = state()->debugger->attach();
    } catch (\Exception | \TypeError | \ValueError $error) { // not FunctionTimeout
        $problem = $error->getMessage();
    }
    if ($problem !== null) {
        fwrite(STDERR, "RequestId: $context->awsRequestId no debugger: $problem\n");
    }
    return $problem === null && $target['break'] ? fn ($event, $context) => [xdebug_break(), $handler($event, $context)][1] : $handler;
}

final class Debugger
{
    private const HAS_NONE = 'Xdebug is not loaded, or xdebug.mode has no "debug"';

    /** @var resource|null of tunnel.php */
    private mixed $tunnel = null;
    private array $pipes = [];

    public function __construct(private readonly array $target, private readonly int $leftMs)
    {
    }

    /** Waits for a debugger, for half of the time that is left. Returns why there is none; then the call goes on without it. */
    public function attach(): ?string
    {
        if (!\function_exists('xdebug_connect_to_client') || !\in_array('debug', xdebug_info('mode'), true)) {
            return self::HAS_NONE;
        }
        $wait = min(LONGEST_WAIT, $this->leftMs / 2000);
        $command = [PHP_BINARY, '-n', __DIR__ . '/tunnel.php', $this->target['host'], (string) $this->target['port'], (string) $wait];
        $this->tunnel = proc_open($command, [['pipe', 'r'], ['pipe', 'w'], STDERR], $this->pipes) ?: null;
        $port = $this->tunnel ? (int) fgets($this->pipes[1]) : 0;
        if ($port === 0) {
            return 'the tunnel cannot be started';
        }
        ini_set('xdebug.client_host', '127.0.0.1');
        ini_set('xdebug.client_port', (string) $port);
        xdebug_connect_to_client(); // it connects before the next line, and waits for the debugger to go on
        $said = trim((string) fgets($this->pipes[1]));
        return $said === 'attached' ? null : sprintf('none attached within %d ms (%s)', $wait * 1000, $said);
    }

    /** Ends the debugging. It must come before the answer, because Lambda may freeze the process after that. */
    public function close(): void
    {
        if ($this->tunnel) {
            proc_terminate($this->tunnel, 9);
            array_map(fclose(...), $this->pipes);
            proc_close($this->tunnel);
        }
        for ($tries = 0; $this->tunnel && xdebug_is_debugger_active() && $tries < 9; $tries++) {
            xdebug_break(); // at the second line Xdebug finds that the connection has ended
        }
        ini_set('xdebug.client_port', '0'); // xdebug_break() of the handler would connect
        $this->tunnel = null;
    }
}
