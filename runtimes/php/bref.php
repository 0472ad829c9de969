<?php
// For functions with Bref among their packages: does what Bref's own loop does around a call. Loaded with the handler.
declare(strict_types=1);

namespace OpenRuntime;

use Bref\Bref;

/** Wraps a handler: Bref's subscribers hear of the start and of each call, and the environment tells what is called. */
function with_bref(mixed $handler, \Closure $call): \Closure
{
    $isKnown = is_callable($handler) || $handler instanceof \Bref\Event\Handler || $handler instanceof \Psr\Http\Server\RequestHandlerInterface;
    $handler = $isKnown ? $handler : $call;
    Bref::events()->beforeStartup(); // Bref calls it before it loads the handler
    Bref::events()->afterStartup();
    return function (mixed $event, Context $context) use ($handler, $call): mixed {
        $theirs = context_of_bref($context);
        set_environment('LAMBDA_INVOCATION_CONTEXT', json_encode($theirs, AS_JSON));
        set_environment('LAMBDA_REQUEST_ID', $theirs->getAwsRequestId());
        try {
            Bref::events()->beforeInvoke($handler, $event, $theirs);
            $result = $call($event, $context);
        } catch (\Throwable $error) {
            after_invoke($handler, $event, $theirs, null, $error);
            throw $error;
        }
        after_invoke($handler, $event, $theirs, $result, null);
        return $result;
    };
}

/** A subscriber that fails does not fail the call, as under Bref: the log has its error. */
function after_invoke(mixed $handler, mixed $event, \Bref\Context\Context $context, mixed $result, ?\Throwable $error): void
{
    try {
        Bref::events()->afterInvoke($handler, $event, $context, $result, $error);
    } catch (FunctionTimeout $late) {
        throw $late;
    } catch (\Throwable $failed) {
        error_log("a subscriber of Bref failed after the call: $failed");
    }
}
