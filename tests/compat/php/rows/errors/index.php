<?php
namespace Shop {
    class OutOfStock extends \RuntimeException
    {
        public function __construct(public readonly string $item, ?\Throwable $previous = null)
        {
            parent::__construct("no $item left", 7, $previous);
        }
    }
}

namespace {
    enum Size
    {
        case Small;
    }

    function handler(mixed $event, mixed $context): mixed
    {
        return match ($event) {
            'exception' => throw new Exception('plain'),
            'own' => throw new Shop\OutOfStock('pears'),
            'previous' => throw new Shop\OutOfStock('plums', new LogicException('inner')),
            'anonymous' => throw new class ('anonymous') extends Exception {
            },
            'empty' => throw new Exception(),
            'lines' => throw new Exception("ü\nsecond line"),
            'bytes' => throw new Exception("\xff"),
            'type' => strlen([]),
            'arguments' => str_replace('a'),
            'zero' => intdiv(1, 0),
            'modulo' => 1 % 0,
            'value' => range(1, 2, 5) && str_repeat('a', -1),
            'undefined' => nobody(),
            'class' => new Nowhere(),
            'method' => (fn ($nothing) => $nothing->go())(null),
            'enum' => Size::from('big'),
            'constant' => NOWHERE,
            'json' => json_decode('{', false, 512, JSON_THROW_ON_ERROR),
            'date' => new DateTime('no date'),
            'warning' => turned_into_an_exception(),
        };
    }

    function turned_into_an_exception(): void
    {
        set_error_handler(fn ($level, $text, $file, $line) => throw new ErrorException($text, 0, $level, $file, $line));
        try {
            file_get_contents('/nowhere');
        } finally {
            restore_error_handler();
        }
    }
}
