<?php
error_log('in Init: ü');

function handler($event)
{
    echo "echoed\n";
    print "printed\n";
    printf("%s\n", 'formatted');
    var_dump(['a' => 1]);
    file_put_contents('php://stdout', "to php://stdout\n");
    file_put_contents('php://stderr', "to php://stderr\n");
    file_put_contents('php://output', "to php://output\n");
    fwrite(STDOUT, "to STDOUT\n");
    fwrite(STDERR, "to STDERR\n");
    error_log('error_log');
    error_log("two\nlines");
    trigger_error('a warning', E_USER_WARNING);
    trigger_error('a notice', E_USER_NOTICE);
    trigger_error('deprecated', E_USER_DEPRECATED);
    echo $undefined;
    $value = [1][2] ?? @file_get_contents('/nowhere');
    file_get_contents('/nowhere');
    passthru('echo of a child');
    system('echo of another >&2');
    return 'ok';
}
