<?php
// Starts Bref's runtime for functions in this process. usage: bref.php FOLDER PACKAGES     FOLDER has Bref's sources
spl_autoload_register(function (string $class) use ($argv): void {
    $file = "$argv[1]/src/" . strtr(substr($class, strlen('Bref\\')), '\\', '/') . '.php';
    if (str_starts_with($class, 'Bref\\') && is_file($file)) {
        require $file;
    }
});
require "$argv[2]/Psr/Container/autoload.php";
Bref\FunctionRuntime\Main::run();
