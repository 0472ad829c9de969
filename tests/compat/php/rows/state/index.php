<?php
// What a program keeps, changes and registers.
declare(strict_types=1);

const STARTED = 'started';
$GLOBALS['calls'] = 0;
set_error_handler(fn (int $level, string $text) => print "handled: $text\n");
spl_autoload_register(fn (string $class) => require __DIR__ . '/' . strtolower(strtr($class, "\\", "/")) . '.php');
register_shutdown_function(fn () => fwrite(STDERR, "shut down\n"));

class Counter
{
    public static int $seen = 0;

    public static function count(mixed $event): array
    {
        static $calls = 0;
        return [STARTED, ++$calls, ++self::$seen, ++$GLOBALS['calls']];
    }

    public function __call(string $name, array $given): array
    {
        return [$name, count($given)];
    }
}

function handler(mixed $event): mixed
{
    switch ($event) {
        case 'count':
            return Counter::count($event);
        case 'magic':
            return (new Counter())->anything(1, 2);
        case 'warning':
            return [$undefined ?? 'none', $GLOBALS['nowhere'] === null];
        case 'autoload':
            return [new Shop\Pear(), class_exists('Shop\Pear', false)];
        case 'buffer':
            ob_start();
            echo 'held';
            return strtoupper(ob_get_clean());
        case 'include':
            return [(include __DIR__ . '/shop/pear.txt.php'), is_file('shop/pear.php'), basename(__FILE__), getcwd() === __DIR__];
        case 'fork':
            $child = pcntl_fork();
            if ($child === 0) {
                echo "in a child\n";
                posix_kill(posix_getpid(), SIGKILL);
            }
            pcntl_waitpid($child, $status);
            return pcntl_wtermsig($status);
        case 'fiber':
            $fiber = new Fiber(fn ($n) => Fiber::suspend($n + 1) * 2);
            return [$fiber->start(1), $fiber->resume(21), $fiber->getReturn()];
        case 'generator':
            return array_sum(iterator_to_array((fn () => yield from [1, 2, 3])(), false));
        case 'alarm':
            pcntl_async_signals(true);
            pcntl_signal(SIGALRM, fn () => throw new RuntimeException('alarmed'));
            pcntl_alarm(1);
            for (;;) {
                usleep(1000);
            }
        case 'environment':
            putenv('OWN=1');
            return [getenv('OWN'), date_default_timezone_get(), ini_get('precision'), setlocale(LC_ALL, '0'), PHP_SAPI, gettype($_SERVER['argv'])];
        case 'time limit':
            set_time_limit(0);
            return ini_get('max_execution_time');
        case 'random':
            mt_srand(3);
            return [mt_rand(), strlen(random_bytes(8))];
    }
}
