use strict;
use warnings;
use utf8;

sub handler {
    my ($event) = @_;
    return sub {
        my $responder = shift;
        die "no pears\n" if $event->{fails};
        my $writer = $responder->($event->{type});
        $writer->write($_) for @{$event->{parts}};
        $writer->close if $event->{closes};
    };
}

1;
