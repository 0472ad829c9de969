# Streams a page: the caller gets each line when it is made.
use strict;
use warnings;

sub lines {
    my $number = 0;
    my $body = sub {
        select undef, undef, undef, 0.1 if $number;    # sleeps
        return $number < 3 ? 'line ' . $number++ . "\n" : undef;
    };
    return { statusCode => 200, headers => { 'content-type' => 'text/plain' }, body => $body };
}

1;
