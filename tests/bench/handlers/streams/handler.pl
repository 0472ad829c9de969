use strict;
use warnings;

my $chunk = "\xff" x 65536;

sub stream {
    my ($count) = @_;
    return sub { $count-- > 0 ? $chunk : undef };
}

1;
