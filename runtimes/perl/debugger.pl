# Debugs one call with Perl's own debugger, perl5db.pl, in a terminal. Connects outwards, to the address in the call's context. Loaded by the
# first call that is debugged.
package OpenRuntime;
use strict;
use warnings;

my $longest_wait = 300; # s, for a debugger to send something
my $retry = 0.1; # s
my $connect_timeout = 3; # s
my $terminal; # of this call

# Connects to the relay within half of the time that is left. Returns the handler as it is to be called. Without a connection it runs as usual.
sub debugged {
    my ($handler, $target, $left_ms) = @_;
    load('Time/HiRes.pm');
    my $wait = $left_ms / 2000 < $longest_wait ? $left_ms / 2000 : $longest_wait;
    my $end = Time::HiRes::time() + $wait;
    my $socket = eval { load_perl5db(); connect_to_relay($target, $end) };
    if (!$socket) {
        die $@ if ref $@; # SIGTERM
        warn_of_debugger($@);
        return $handler;
    }
    $terminal = bless {socket => $socket, end => $end}, 'OpenRuntime::Terminal';
    return sub {
        local ($,, $/, $\, $^W) = ($,, $/, $\, $^W); # a stop that SIGTERM ends leaves them changed
        local $SIG{PIPE} = 'IGNORE';
        ($DB::term, $DB::IN, $DB::OUT, $DB::LINEINFO) = ($terminal, ($socket) x 3);
        $DB::single = 1;
        return $handler->(@_);
    };
}

sub connect_to_relay {
    my ($target, $end) = @_;
    my $problem = 'no time is left';
    while ((my $left = $end - Time::HiRes::time()) > 0) {
        my $timeout = $left < $connect_timeout ? $left : $connect_timeout;
        my $socket = IO::Socket::IP->new(PeerHost => $target->{host}, PeerPort => $target->{port}, Timeout => $timeout);
        return $socket if $socket;
        $problem = $@;
        select undef, undef, undef, $retry;
    }
    die "cannot connect to the relay in time (latest error: $problem)\n";
}

sub load_perl5db {
    load('IO/Socket/IP.pm');
    local $ENV{PERLDB_OPTS} = 'noTTY dieLevel=0 warnLevel=0 signalLevel=0 inhibit_exit=0';
    local @SIG{qw(INT __DIE__ __WARN__)};
    open my $null, '>', '/dev/null' or die "/dev/null: $!";
    local *STDERR = $null; # for what it says of them
    load('perl5db.pl');
    ($DB::runnonstop, $DB::term_pid) = (0, $$);
}

# Ends the debugging. It must come before the answer, because Lambda may freeze the process after that.
sub end_debugging {
    $terminal->detach if $terminal;
    close $terminal->{socket} if $terminal;
    $terminal = undef;
}

sub warn_of_debugger {
    my ($problem) = @_;
    $problem =~ s/(?: in \@INC .*)?\s+\z//s;
    print STDERR 'RequestId: ', $OpenRuntime::latest->aws_request_id, " no debugger: $problem\n";
}

# Stands for the terminal of perl5db.pl. It never ends the process: after `q`, or when the connection ends, the handler goes on.
package OpenRuntime::Terminal {
    my $longest_line = 1 << 16; # bytes, of the first line
    my $ends = qr/^\s*(?:q|R|rerun\b.*)\s*\z/;
    our $AUTOLOAD;

    sub readline {
        my ($self, @prompt) = @_;
        my $line = $self->{is_detached} ? undef : $self->await_line(join '', @prompt);
        return $line if defined $line && $line !~ $ends;
        $self->detach;
        return 'c';
    }

    # Nothing stops the handler any more.
    sub detach {
        my ($self) = @_;
        $self->{is_detached} = 1;
        $DB::single = $DB::trace = $DB::signal = 0;
        no strict 'refs';
        for my $file (keys %DB::had_breakpoints) {
            my $lines = *{"main::_<$file"}{HASH};
            %$lines = () if $lines;
        }
        %DB::had_breakpoints = %DB::postponed = %DB::postponed_file = @DB::to_watch = ();
    }

    # Waits for a line. After its first byte the first line has no limit but the deadline.
    sub await_line {
        my ($self, $prompt) = @_;
        my ($socket, $line) = ($self->{socket}, '');
        print {$socket} $prompt;
        while ($line !~ /\n\z/ && ($self->{has_begun} || length $line <= $longest_line)) {
            return $self->leave('none sent anything in time') if $self->{end} && !$self->is_readable;
            sysread $socket, $line, 1, length $line or last;
            $self->{end} = undef;
        }
        return $self->leave('what connected is not a debugger: it sends what a browser sends') if !$self->{has_begun}++ && is_from_page($line);
        return $line =~ s/\r?\n\z// ? $line : undef;
    }

    sub is_readable {
        my ($self) = @_;
        vec(my $readable = '', fileno $self->{socket}, 1) = 1;
        my $left = $self->{end} - Time::HiRes::time();
        return select($readable, undef, undef, $left > 0 ? $left : 0) > 0;
    }

    sub leave {
        my ($self, $problem) = @_;
        OpenRuntime::warn_of_debugger($problem);
        return undef;
    }

    # Whether it is a line that no debugger begins with: a request, or the first bytes of TLS.
    sub is_from_page {
        my ($line) = @_;
        return length $line > $longest_line || $line =~ m{^\S+ .*HTTP/\d} || $line =~ /^[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]/;
    }

    sub AUTOLOAD { return $AUTOLOAD =~ /::Features\z/ ? {} : undef } # what else a terminal has
}

1;
