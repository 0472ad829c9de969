# An event and a context in, a result out.
use strict;
use warnings;

sub hello {
    my ($event, $context) = @_;
    print $context->get_remaining_time_in_millis, " ms left\n";    # to the log
    return { message => 'Hello, ' . ($event->{name} // 'world') . '!' };
}

1;
