# Returns what the context shows, as pairs of a path and a value.
use strict;
use warnings;

sub show {
    my ($event, $context) = @_;
    my @names = grep { $_ ne 'new' && $context->can($_) } sort keys %OpenRuntime::Context::;
    return [(map { members($_, $context->$_) } @names), ['$_X_AMZN_TRACE_ID', $ENV{_X_AMZN_TRACE_ID}]];
}

sub members {
    my ($path, $value) = @_;
    return [$path, $value] if ref $value ne 'HASH';
    my $arrow = $path =~ /\}\z/ ? '' : '->';
    return map { members("$path$arrow\{$_}", $value->{$_}) } sort keys %$value;
}

1;
