use strict;
use warnings;
use utf8;
use JSON::PP ();

package OutOfStock {
    use overload '""' => sub { "no $_[0]{item} left" }, fallback => 1;
}

package main;

my $calls = 0;
my %results = (
    context => sub {
        my ($context) = @_;
        my $left = $context->get_remaining_time_in_millis;
        return {
            id => length $context->aws_request_id, names => [$context->function_name, $context->function_version, $context->memory_limit_in_mb, $context->log_group_name],
            arn => $context->invoked_function_arn, left => $left > 20_000 && $left <= 30_000 ? 'some' : 'none', deadline => 1,
            none => [$context->identity, $context->client_context, $context->tenant_id],
            trace => $ENV{_X_AMZN_TRACE_ID}, same => $AWS::Lambda::context->aws_request_id eq $context->aws_request_id ? 1 : 0,
        };
    },
    calls => sub { ++$calls },
    hash => sub { {list => [1, 1.5, '2'], none => undef, text => "ü/\x{1f600}", yes => JSON::PP::true, no => JSON::PP::false} },
    empty => sub { [{}, []] },
    root => sub { [$ENV{LAMBDA_TASK_ROOT} eq do { require Cwd; Cwd::getcwd() } ? 1 : 0, $ENV{_HANDLER}] },
    line => sub { die "a line\n" },
    place => sub { die 'a text' },
    own => sub { die bless {item => 'pears'}, 'OutOfStock' },
    text => sub { 'a text' },
    nothing => sub { undef },
    number => sub { 42 },
);

sub handler {
    my ($event, $context) = @_;
    return $event if ref $event;
    return $results{$event}->($context);
}

1;
