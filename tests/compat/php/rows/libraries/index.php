<?php
set_include_path(__DIR__ . '/vendor');
require_once 'Twig/autoload.php';
require_once 'Carbon/autoload.php';
require_once 'Ramsey/Uuid/autoload.php';
require_once 'Illuminate/Support/autoload.php';
require_once 'Symfony/Component/Process/autoload.php';

use Carbon\CarbonImmutable;
use Carbon\CarbonInterval;
use Illuminate\Support\Collection;
use Ramsey\Uuid\Uuid;
use Symfony\Component\Process\Exception\ProcessTimedOutException;
use Symfony\Component\Process\Process;
use Twig\Environment;
use Twig\Loader\ArrayLoader;

function handler(string $event): mixed
{
    return match ($event) {
        'twig' => (new Environment(new ArrayLoader(['page' => '{% for item in items %}<p>{{ item }}</p>{% endfor %}'])))->render('page', ['items' => ['<ü>', 2]]),
        'twig error' => (new Environment(new ArrayLoader(['page' => '{% for %}'])))->render('page'),
        'carbon' => ['at' => CarbonImmutable::parse('2026-01-02 03:04:05', 'Europe/Paris'), 'for' => CarbonInterval::hours(3), 'said' => CarbonImmutable::parse('2026-01-02')->locale('de')->isoFormat('LL')],
        'uuid' => [Uuid::uuid5(Uuid::NAMESPACE_URL, 'https://example.com'), strlen((string) Uuid::uuid4())],
        'collection' => Collection::make(['a' => 1, 'b' => 2, 'c' => 3])->filter(fn ($n) => $n > 1)->map(fn ($n) => $n * 1.5),
        'process' => (new Process(['sh', '-c', 'cat; echo to stderr >&2; exit 3'], null, null, 'ü'))->run(fn ($type, $text) => print "$type: $text\n"),
        'late process' => late_process(),
    };
}

function late_process(): string
{
    try {
        return (new Process(['sleep', '9']))->setTimeout(0.1)->mustRun()->getOutput();
    } catch (ProcessTimedOutException $error) {
        return $error::class;
    }
}
