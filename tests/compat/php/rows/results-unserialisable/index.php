<?php
enum Size
{
    case Small;
}

function handler($event)
{
    $circular = new stdClass();
    $circular->self = $circular;
    return match ($event) {
        'nan' => ['value' => NAN],
        'infinity' => INF,
        'bytes' => "\xff",
        'resource' => [STDERR],
        'circular' => $circular,
        'enum' => Size::Small,
        'own' => new class implements JsonSerializable {
            public function jsonSerialize(): mixed
            {
                throw new LogicException('no JSON of me');
            }
        },
    };
}
