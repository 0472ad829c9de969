use strict;
use warnings;
use IO::Async::Loop;
use IO::Async::Function;
use Mojo::IOLoop;
use Mojo::Promise;
use Parallel::ForkManager;

my %results = (
    fork => sub {
        pipe my $read, my $write or die $!;
        my $child = fork // die $!;
        if (!$child) { close $read; print {$write} 'of a child'; close $write; require POSIX; POSIX::_exit(3) }
        close $write;
        my $told = <$read>;
        waitpid $child, 0;
        return [$told, $? >> 8];
    },
    backticks => sub { my $told = `echo out; exit 2`; return [$told, $? >> 8] },
    exit => sub {
        my $child = fork // die $!;
        exit 4 if !$child;
        waitpid $child, 0;
        return $? >> 8;
    },
    manager => sub {
        my (%found, $manager);
        $manager = Parallel::ForkManager->new(2, '/tmp');
        $manager->run_on_finish(sub { $found{$_[2]} = ${$_[5]} });
        for my $n (1 .. 3) {
            $manager->start($n) and next;
            print "worked\n";
            my $square = $n * $n;
            $manager->finish(0, \$square);
        }
        $manager->wait_all_children;
        return \%found;
    },
    async => sub {
        my $loop = IO::Async::Loop->new;
        my @done;
        $loop->delay_future(after => 0.01)->on_done(sub { push @done, 'later' })->get;
        return \@done;
    },
    promises => sub {
        my @done;
        Mojo::Promise->all(Mojo::Promise->timer(0.02, 'b'), Mojo::Promise->timer(0.01, 'a'))->then(sub { @done = map { $_->[0] } @_ })->wait;
        return \@done;
    },
    rejected => sub {
        my $why;
        Mojo::Promise->reject("no pears\n")->catch(sub { $why = shift })->wait;
        die $why;
    },
    alarm => sub { local $SIG{ALRM} = sub { die "alarmed\n" }; alarm 1; select undef, undef, undef, 9; return 'not alarmed' },
    caught => sub { my $got = eval { local $SIG{ALRM} = sub { die "late\n" }; alarm 1; select undef, undef, undef, 9; 1 } ? 'done' : $@; alarm 0; return $got },
    child => sub { local $SIG{CHLD} = 'IGNORE'; system 'true'; return $? },
);

sub handler { return $results{$_[0]}->() }

1;
