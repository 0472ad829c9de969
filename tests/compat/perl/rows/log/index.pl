use strict;
use warnings;
use utf8;

print "in Init\n";

sub handler {
    print "printed\n";
    printf "%s\n", 'formatted';
    print STDOUT "to STDOUT\n";
    print STDERR "to STDERR\n";
    { local $| = 1; print "flushed\n" }
    warn "warned\n";
    warn 'with its line';
    my $nothing;
    my $text = "undefined: $nothing";
    { no warnings; my $quiet = "quiet: $nothing" }
    local $SIG{__WARN__} = sub { print "own: $_[0]" };
    warn "to a handler of its own\n";
    system 'echo of a child';
    system 'echo of another >&2';
    return 'ok';
}

1;
