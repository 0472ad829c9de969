<?php
// With AWS_LAMBDA_LOG_FORMAT=JSON: logs PHP's own messages, and those of error_log, in the form that AWS documents.
// language-runtime has turned off PHP's own log and its own error_log.
declare(strict_types=1);

namespace OpenRuntime {
    const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'];
    const FATAL = E_ERROR | E_PARSE | E_CORE_ERROR | E_COMPILE_ERROR; // PHP calls no error handler for these

    function write_log(string $level, string $message): void
    {
        $lowest = array_search(strtoupper(getenv('AWS_LAMBDA_LOG_LEVEL') ?: ''), LEVELS, true);
        if (array_search($level, LEVELS, true) < (int) $lowest) {
            return;
        }
        $members = [
            'timestamp' => (new \DateTimeImmutable('now', new \DateTimeZone('UTC')))->format('Y-m-d\TH:i:s.v\Z'),
            'level' => $level,
            'requestId' => state()->running?->awsRequestId,
            'tenantId' => state()->running?->tenantId,
            'message' => $message,
        ];
        $members = array_filter($members, fn ($member) => $member !== null);
        @fwrite(STDERR, json_encode($members, AS_JSON | JSON_INVALID_UTF8_SUBSTITUTE) . "\n");
    }

    function level_of(int $severity): string
    {
        return match ($severity) {
            E_WARNING, E_CORE_WARNING, E_COMPILE_WARNING, E_USER_WARNING => 'WARN',
            E_NOTICE, E_USER_NOTICE, E_DEPRECATED, E_USER_DEPRECATED => 'INFO',
            default => 'ERROR',
        };
    }

    /** Returns false, so that PHP goes on with its own handling of the error, and error_get_last() works. */
    function on_error(int $severity, string $message, string $file, int $line): bool
    {
        if (error_reporting() & $severity) {
            write_log(level_of($severity), "$message in $file on line $line");
        }
        return false;
    }

    function log_fatal_error(): void
    {
        $error = error_get_last();
        if ($error && $error['type'] & FATAL) {
            write_log('FATAL', "{$error['message']} in {$error['file']} on line {$error['line']}");
        }
    }

    set_error_handler(on_error(...));
}

namespace {
    if (!function_exists('error_log')) {
        function error_log(string $message, int $message_type = 0, ?string $destination = null, ?string $additional_headers = null): bool
        {
            if ($message_type === 1) {
                return mail((string) $destination, 'PHP error_log message', $message, $additional_headers ?? '');
            }
            if ($message_type === 3) {
                return file_put_contents((string) $destination, $message, FILE_APPEND) !== false;
            }
            OpenRuntime\write_log('ERROR', $message);
            return true;
        }
    }
}
