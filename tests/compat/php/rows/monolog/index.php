<?php
set_include_path(__DIR__ . '/vendor');
require_once 'Monolog/autoload.php';

use Monolog\Formatter\JsonFormatter;
use Monolog\Formatter\LineFormatter;
use Monolog\Handler\ErrorLogHandler;
use Monolog\Handler\FingersCrossedHandler;
use Monolog\Handler\StreamHandler;
use Monolog\Logger;
use Monolog\Processor\PsrLogMessageProcessor;

function logger(string $name, $handler, $formatter = null): Logger
{
    $handler->setFormatter($formatter ?? new LineFormatter(null, null, true, true));
    return (new Logger($name, [$handler]))->pushProcessor(new PsrLogMessageProcessor());
}

function handler($event)
{
    $log = logger('shop', new StreamHandler('php://stderr', Logger::INFO));
    $log->debug('left out');
    $log->info('{item} sold', ['item' => 'pears', 'price' => 2.5]);
    $log->warning("two\nlines", ['ü' => "\u{1f600}"]);
    $json = logger('json', new StreamHandler('php://stdout'), new JsonFormatter());
    $json->error('failed', ['exception' => new RuntimeException('inner', 3)]);
    $php = logger('php', new ErrorLogHandler(ErrorLogHandler::OPERATING_SYSTEM));
    $php->critical('by error_log');
    $held = new Logger('held', [new FingersCrossedHandler(new StreamHandler('php://stderr'), Logger::ERROR)]);
    $held->info('held back');
    $held->error('let go');
    return 'ok';
}
