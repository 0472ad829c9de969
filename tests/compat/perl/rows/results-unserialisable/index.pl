use strict;
use warnings;

sub handler {
    my ($event) = @_;
    my $circular = [];
    push @$circular, $circular if $event eq 'circular';
    return {
        nan => [9**9**9 / 9**9**9], infinity => {value => 9**9**9}, object => (bless {}, 'Plain'),
        glob => [\*STDERR], circular => $circular, scalar => \'text', regexp => qr/a/,
    }->{$event};
}

1;
