<?php
enum Suit: string
{
    case Hearts = 'H';
}

class Point implements JsonSerializable
{
    public function __construct(private int $x, private int $y)
    {
    }

    public function jsonSerialize(): array
    {
        return ['x' => $this->x, 'y' => $this->y];
    }
}

class Account
{
    public string $name = 'Ada';
    public ?self $parent = null;
    protected int $balance = 3;
    private string $secret = 's';
}

function handler($event)
{
    return match ($event) {
        'null' => null,
        'text' => "ü / \u{1f600} \u{2028} </script> \"\\\0",
        'numbers' => [1, 1.0, 0.1, 1e30, -0.0, PHP_INT_MAX, 1 / 3],
        'list' => [],
        'object' => new stdClass(),
        'holes' => [1 => 'a', 3 => 'b'],
        'keys' => ['a' => 1, '5' => 2, '' => 3],
        'date' => new DateTimeImmutable('2026-01-02T03:04:05Z'),
        'enum' => ['suit' => Suit::Hearts],
        'own' => [new Point(1, 2), new Account()],
        'closure' => fn () => 1,
        'iterator' => new ArrayObject(['a' => 1]),
        'exception' => new Exception('returned'),
        'booleans' => [true, false],
        default => $event,
    };
}
