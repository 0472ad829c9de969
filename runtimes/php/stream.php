<?php
// Streams a response: the items of a generator, or what a resource holds. Loaded by the first response that streams.
declare(strict_types=1);

namespace OpenRuntime;

const CHUNK_SIZE = 48 << 10; // bytes, in a line
const BYTES_SIZE = 64 << 10; // behind a line
const LONGEST_CHUNK = 64 << 10; // in JSON; base64 stays within it, and text with many escapes does not

final class Stream
{
    private readonly string $id;
    private readonly bool $isHttp;
    private readonly mixed $body; // a generator or a resource
    private readonly int $chunkSize;
    private ?array $head;

    /** The result is the body, or an array that has one. Bytes can be sent as they are if bootstrap takes them. */
    public function __construct(mixed $id, mixed $result, private readonly bool $takesBytes)
    {
        $this->chunkSize = $takesBytes ? BYTES_SIZE : CHUNK_SIZE;
        $this->id = json_encode($id, AS_JSON);
        $this->isHttp = is_array($result);
        $this->body = $this->isHttp ? $result['body'] : $result;
        $this->head = $this->isHttp ? self::httpHead($result) : [];
    }

    /** Writes the stream, or collects it if no stream was offered. Returns the member of the answer that remains to be written. */
    public function answer(bool $isOffered): string
    {
        try {
            if (!$isOffered) {
                return $this->collect();
            }
            $this->eachChunk($this->write(...));
            return $this->takeHead() . '"end":true';
        } finally {
            if (is_resource($this->body)) {
                fclose($this->body);
            }
        }
    }

    /** Headers that have several values become multiValueHeaders. */
    private static function httpHead(array $members): array
    {
        unset($members['body'], $members['isBase64Encoded']);
        $headers = array_map(fn ($value) => array_map(strval(...), array_values((array) $value)), (array) ($members['headers'] ?? []));
        $many = array_filter($headers, fn ($values) => count($values) > 1);
        $members['statusCode'] ??= 200;
        $members['headers'] = (object) array_map(implode(...), array_diff_key($headers, $many));
        if ($many) {
            $members['multiValueHeaders'] = (object) ($many + (array) ($members['multiValueHeaders'] ?? []));
        }
        return $members;
    }

    /** The head goes out with the first chunk, so that an exception before that is an ordinary error. */
    private function takeHead(): string
    {
        [$head, $this->head] = [$this->head, null];
        return $head === null ? '' : '"stream":' . encode((object) $head) . "}\n{\"id\":$this->id,";
    }

    /** SIGTERM, whose handler may throw, waits until the line is whole, and what follows it. */
    private function write(string $bytes): void
    {
        $start = "{\"id\":$this->id,{$this->takeHead()}";
        $lines = $this->takesBytes ? $start . '"bytes":' . strlen($bytes) . "}\n" . $bytes : $start . self::chunk($bytes) . "}\n";
        if (!function_exists('pcntl_sigprocmask')) {
            write_all($lines);
            return;
        }
        $blocked = [];
        try {
            pcntl_sigprocmask(SIG_BLOCK, [SIGTERM], $blocked);
            write_all($lines);
        } finally {
            pcntl_sigprocmask(SIG_SETMASK, $blocked);
        }
    }

    private static function chunk(string $bytes): string
    {
        $text = json_encode($bytes, AS_JSON & ~JSON_THROW_ON_ERROR);
        $isText = $text !== false && strlen($text) <= LONGEST_CHUNK;
        return $isText ? "\"chunk\":$text" : '"base64":"' . base64_encode($bytes) . '"';
    }

    /** Calls a function with each chunk. What it throws is thrown in the generator, too, whose `finally` blocks run at once. */
    private function eachChunk(\Closure $take): void
    {
        if (is_resource($this->body)) {
            $this->eachRead($take);
            return;
        }
        while ($this->body->valid()) {
            try {
                $item = $this->body->current();
                foreach (str_split(is_string($item) ? $item : encode($item), $this->chunkSize) ?: [''] as $bytes) {
                    $take($bytes);
                }
            } catch (\Throwable $error) {
                $this->body->throw($error);
                continue;
            }
            $this->body->next();
        }
    }

    /** Reads a resource as its bytes come. */
    private function eachRead(\Closure $take): void
    {
        stream_set_blocking($this->body, true);
        stream_set_chunk_size($this->body, $this->chunkSize);
        while (!feof($this->body) && ($bytes = fread($this->body, $this->chunkSize)) !== false) {
            if ($bytes !== '') {
                $take($bytes);
            }
        }
    }

    private function collect(): string
    {
        $bytes = '';
        $this->eachChunk(function (string $chunk) use (&$bytes) {
            $bytes .= $chunk;
        });
        $isText = preg_match('//u', $bytes) === 1;
        if ($this->isHttp) {
            $body = $isText ? ['body' => $bytes] : ['body' => base64_encode($bytes), 'isBase64Encoded' => true];
            return '"response":' . encode($this->head + $body);
        }
        if (!$isText) {
            throw new Failure('Runtime.MarshalError', 'this call cannot be answered by a stream, and JSON cannot hold bytes that are not UTF-8');
        }
        return '"response":' . encode($bytes);
    }
}
