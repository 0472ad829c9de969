use strict;
use warnings;
use utf8;
use Carp qw(croak confess);
use Try::Tiny;

package OutOfStock {
    use overload '""' => sub { "no $_[0]{item} left" }, fallback => 1;
    sub throw { my ($class, %members) = @_; die bless {%members}, $class }
}

package Plain {
    sub new { bless {}, shift }
}

package main;

sub checked { croak 'by croak' }

my %failures = (
    text => sub { die 'a text' },
    line => sub { die "a line\n" },
    lines => sub { die "ü\nsecond line\n" },
    empty => sub { die },
    list => sub { die 'a ', 'list' },
    own => sub { OutOfStock->throw(item => 'pears') },
    object => sub { die Plain->new },
    hash => sub { die {code => 42} },
    croak => sub { checked() },
    zero => sub { 1 / ($_[0] eq 'x' ? 1 : 0) },
    undefined => sub { my $nothing; $nothing->go },
    method => sub { Plain->go },
    function => sub { no strict 'refs'; &{'nobody'}() },
    strict => sub { my $name = 'x'; @$name },
    module => sub { require Nowhere },
    again => sub { eval { die "inner\n" }; die "outer: $@" },
    tried => sub { try { die "in try\n" } catch { die "caught $_" } },
    local => sub { local $@ = 'other'; die "own\n" },
    system => sub { open my $file, '<', '/nowhere' or die "/nowhere: $!\n" },
    number => sub { die 42 },
);

sub handler {
    my ($event) = @_;
    return $failures{$event}->($event);
}

1;
