use strict;
use warnings;

sub inner { return $_[0] + 2 }

sub stops {
    my ($event) = @_;
    my $secret = inner(40);
    return { secret => $secret, has => [sort keys %$event] };
}

1;
