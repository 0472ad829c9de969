use strict;
use warnings;

print "top-level code\n";
my $count = 0;

sub echo { $_[0] }
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
    system 'echo from a grandchild; echo to descriptor 8 >&8; echo to descriptor 9 >&9; for fd in 3 4 5 6 7; do eval "echo to descriptor \$fd >&\$fd"; done; true';
    return 'printed';
}

sub closes { close STDIN; close STDOUT; 'closed' }

sub outlived {
    my $pid = fork // die;
    exec 'sleep', '60' if !$pid;
    return $pid;
}

sub reads { local $/; my $all = <STDIN>; $all // '' }
sub unserializable { sub { } }
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

1;
