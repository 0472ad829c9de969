<?php
// Connects Xdebug outwards, to a relay, for one call. Xdebug speaks first, and what it says is kept until a debugger answers: if the
// connection ends before that, or cannot be made, the tunnel tries again. It is a process of its own: SIGTERM, which goes to the process group
// when little time is left, ends it, and with it the stop.
//
// STDIN: ends when the process of the handler ends. STDOUT: the port for Xdebug, and then `attached`, or why no debugger has attached.
// usage: tunnel.php HOST PORT SECONDS
declare(strict_types=1);

const RETRY = 100000; // µs
const CONNECT_TIMEOUT = 3; // s
const CHUNK = 1 << 16; // bytes
const COMMAND = '~^[a-z_]+ -i \d~'; // how what a debugger sends begins. A browser's request begins otherwise

[, $host, $port, $seconds] = $argv;
$end = microtime(true) + (float) $seconds;
$server = stream_socket_server('tcp://127.0.0.1:0');
echo substr(strrchr(stream_socket_get_name($server, false), ':'), 1), "\n";
$xdebug = @stream_socket_accept($server, CONNECT_TIMEOUT) ?: exit("Xdebug does not connect\n");
fclose($server);
$said = fread($xdebug, CHUNK);
$address = 'tcp://' . (str_contains($host, ':') ? "[$host]" : $host) . ":$port";

/** Waits until one of the two has something to say, or STDIN has ended. */
function wait_for(mixed $one, mixed $other, ?float $end): array
{
    $readable = array_filter([$one, $other, STDIN]);
    $left = $end === null ? null : max(0, $end - microtime(true));
    stream_select($readable, $none, $never, $left === null ? null : (int) $left, $left === null ? null : (int) (fmod($left, 1) * 1e6));
    if (in_array(STDIN, $readable, true)) {
        exit;
    }
    return $readable;
}

/** Connects to the relay. Returns the connection and what the debugger sends first, or why there is none. */
function meet(string $address, string $said, float $end): array
{
    $remote = @stream_socket_client($address, $number, $error, min(CONNECT_TIMEOUT, max(0.1, $end - microtime(true))));
    if (!$remote) {
        return [null, '', "latest error: $error"];
    }
    fwrite($remote, $said);
    $answer = wait_for($remote, null, $end) ? (string) fread($remote, CHUNK) : '';
    if ($answer !== '' && !preg_match(COMMAND, $answer)) {
        return [null, '', 'what connected does not speak as a debugger'];
    }
    return [$answer === '' ? null : $remote, $answer, 'none sent anything'];
}

/** Returns the whole commands that have come, and keeps the rest. Those that end the debugging end the tunnel: after `stop` Xdebug would end PHP. */
function take_commands(string &$unread): string
{
    $size = (int) strrpos("\0$unread", "\0");
    [$commands, $unread] = [substr($unread, 0, $size), substr($unread, $size)];
    if (preg_match('~(?:^|\0)(?:stop|detach) ~', $commands)) {
        exit;
    }
    return $commands;
}

do {
    [$remote, $answer, $problem] = meet($address, $said, $end);
    $remote || usleep(RETRY);
} while (!$remote && microtime(true) < $end);
if (!$remote) {
    echo "$problem\n";
    exit;
}

echo "attached\n";
fwrite($xdebug, take_commands($answer));
while (true) {
    foreach (wait_for($remote, $xdebug, null) as $from) {
        $bytes = fread($from, CHUNK);
        if ($bytes === '' || $bytes === false) {
            exit;
        }
        if ($from === $remote) {
            $answer .= $bytes;
            fwrite($xdebug, take_commands($answer));
        } else {
            fwrite($remote, $bytes);
        }
    }
}
