<?php
// Calls a handler without Lambda: an event from each line of STDIN, a line added to ANSWERS for each answer.
// usage: plain.php FILE.FUNCTION ANSWERS
declare(strict_types=1);

const AS_JSON = JSON_UNESCAPED_UNICODE | JSON_PRESERVE_ZERO_FRACTION | JSON_THROW_ON_ERROR;

[$file, $name] = explode('.', $argv[1]);
$returned = require getcwd() . "/$file.php";
$handler = is_callable($returned) ? $returned : $name;
while (($line = fgets(STDIN)) !== false) {
    try {
        $answer = json_encode(['response' => $handler(json_decode($line, true), null)], AS_JSON);
    } catch (Throwable $error) {
        $told = ['errorType' => $error::class, 'errorMessage' => $error->getMessage()];
        $answer = json_encode(['error' => $told], AS_JSON | JSON_INVALID_UTF8_SUBSTITUTE);
    }
    file_put_contents($argv[2], "$answer\n", FILE_APPEND);
}
