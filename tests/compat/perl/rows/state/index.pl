# What a program keeps, changes and relies on.
use strict;
use warnings;
use lib 'lib';
use FindBin ();
use Shop::Stock;
use feature qw(say state);

our $calls = 0;
my @seen;
$SIG{__WARN__} = sub { print "warned: $_[0]" };
END { print STDERR "ended\n" }

sub AUTOLOAD { our $AUTOLOAD; return if $AUTOLOAD =~ /DESTROY/; return "auto $AUTOLOAD" }

my %results = (
    count => sub { state $n = 0; push @seen, ++$n; return [++$calls, scalar @seen, $n] },
    module => sub { [Shop::Stock->left('pears'), $INC{'Shop/Stock.pm'}] },
    autoload => sub { main->anything },
    data => sub { my @lines = <DATA>; chomp @lines; return \@lines },
    warning => sub { my $nothing; return "[$nothing]" },
    context => sub { wantarray ? 'list' : defined wantarray() ? 'scalar' : 'void' },
    list => sub { return (1, 2, 3) },
    local => sub { local $_ = 'x'; local $/ = undef; local $, = '-'; print 'a', 'b', "\n"; return $_ },
    lastline => sub { open my $file, '<', 'data.txt' or die; my $line = <$file>; die 'after a line' },
    require => sub { (require './more.pl')->() },
    environment => sub { local $ENV{OWN} = 1; [$ENV{OWN}, `printf %s "\$OWN"`, exists $ENV{LAMBDA_TASK_ROOT} ? 1 : 1] },
    stdin => sub { my $line = <STDIN>; return $line },
    select => sub { open my $out, '>', \my $held; my $old = select $out; print 'held'; select $old; return $held },
    sort => sub { [sort { $b <=> $a } 1, 10, 9] },
    regexp => sub { "a1b22" =~ /(\d+)\D+(?<last>\d+)/; return [$1, $+{last}, $&] },
    sprintf => sub { sprintf '%.2f %s %03d', 2.345, "\x{fc}", 7 },
    time => sub { [scalar(gmtime 0), length(localtime) > 10 ? 1 : 0] },
    srand => sub { srand 3; my $first = rand; srand 3; return $first == rand() ? 1 : 0 },
    say => sub { say 'said'; return 'ok' },
);

sub handler { return $results{$_[0]}->() }

1;
__DATA__
one
two
