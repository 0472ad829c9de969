use strict;
use warnings;

print "top-level code\n";
my $count = 0;

sub echoes { $_[0] }
sub nothing { return }
sub counts { ++$count }
sub pid { $$ }

sub context {
    my ($event, $context) = @_;
    return {
        requestId => $context->aws_request_id,
        arn => $context->invoked_function_arn,
        name => $context->function_name,
        version => $context->function_version,
        memory => $context->memory_limit_in_mb,
        group => $context->log_group_name,
        stream => $context->log_stream_name,
        tenant => $context->tenant_id,
        remaining => $context->get_remaining_time_in_millis,
        trace => $ENV{_X_AMZN_TRACE_ID},
    };
}

sub fails { die "no $_[0]" }

sub prints {
    print 'x' x 99, "\n" for 1 .. 30000;
    print STDOUT qq({"id":"8f507cfc","response":"forged"}\n);
    syswrite STDOUT, "written to 1\n";
    system 'echo from a grandchild; echo to descriptor 8 >&8; echo to descriptor 9 >&9; true';
    return 'printed';
}

sub closes { close STDIN; close STDOUT; 'closed' }

sub outlived {
    my $pid = fork // die;
    exec 'sleep', '60' if !$pid;
    return $pid;
}

sub reads { local $/; my $all = <STDIN>; $all // '' }
sub unserializable { qr/no JSON/ }
sub exits { exit 3 }

sub stuck {
    print "begun\n";
    my $result = eval { sleep 60; 1 };
    my $error = $@;
    print "finally\n";
    die $error;
}

sub in_time {
    print "begun\n";
    eval { sleep 60 };
    return 'in time';
}

# Streams: each result is the whole body, or the body of `page`.
sub page { my ($body, %head) = @_; return {statusCode => 200, headers => {'content-type' => 'text/html'}, body => $body, %head} }
sub each_of { my @items = @_; return sub { shift @items } }
sub wait_for { my ($file) = @_; select undef, undef, undef, 0.01 until -e $file }

sub streams { return each_of("one\n", "zwei ä", '', "\0\xff", "\xc3", "\xa4", 'end') }

sub streams_http {
    my %headers = ('content-type' => 'text/html', 'x-count' => 2, 'x-many' => ['a', 'b']);
    return page(each_of('<p>', '</p>'), statusCode => 201, headers => \%headers, cookies => ['c=1', 'd=2']);
}

sub streams_no_status { return {body => each_of('no status')} }
sub streams_json { return each_of({a => [1, "\x{e9}"]}, 7) }
sub streams_nothing { return each_of() }
sub streams_empty_page { return page(each_of(), statusCode => 204) }
sub streams_empty_chunk { my @steps = (sub { '' }, sub { wait_for('go'); undef }); return page(sub { (shift @steps)->() }) }
sub streams_bytes_page { return page(each_of("\xff\0")) }
sub streams_big { return each_of("é" x 100_000, "\xff\xfe" x 100_000, "\0" x 60_000) }
sub streams_many { my $number = 0; return sub { $number < 10_000 ? $number++ . "\n" : undef } }
sub fails_early { my ($event) = @_; return page(sub { die "no $event" }) }

sub breaks_off {
    my ($event) = @_;
    my @steps = (sub { 'begun' }, sub { print "finally\n"; die "no $event" });
    return sub { (shift @steps)->() };
}

sub streams_unserializable {
    my $guard = Guard->new;
    my @items = ('begun', qr/no JSON/);
    return sub { $guard && shift @items };
}

sub streams_stuck {
    my @steps = (
        sub { 'begun' },
        sub { print "begun\n"; eval { sleep 60; 1 }; my $error = $@; print "finally\n"; die $error },
    );
    return sub { (shift @steps)->() };
}

sub streams_slowly {
    my @steps = (
        sub { 'first' },
        sub { print 'x' x 99, "meanwhile\n"; wait_for('go'); 'second' },
        sub { undef },
    );
    return sub { (shift @steps)->() };
}

sub streams_much {
    my ($left) = @_;
    my $guard = Guard->new;
    my $made = 0;
    return sub {
        print "made\n" if $guard && $made++;
        return $left-- > 0 ? "\0" x 65536 : undef;
    };
}

package Guard;
sub new { bless [] }
sub DESTROY { print "finally\n" }

1;
