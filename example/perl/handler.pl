# A handler: an event and a context in, a result out.
use strict;
use warnings;

sub hello {
    my ($event, $context) = @_;
    # An event of an AWS service comes as a CloudEvent, with what AWS sent in `data`. Any other JSON comes as it is.
    my $data = $event->{specversion} ? $event->{data} : $event;
    my $name = $data->{queryStringParameters}{name} // $data->{name} // 'world';

    print $context->get_remaining_time_in_millis, " ms left\n";    # to the log
    return { message => "Hello, $name!", event => $event->{type} // 'free-form JSON' };
}

1;
