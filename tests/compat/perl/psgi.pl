# For rows with a PSGI application: calls it with what API Gateway sends. Each row has a link to this file.
use strict;
use warnings;
use MIME::Base64 ();
use Plack::Util;
use URI::Escape ();

# What API Gateway sends as a PSGI environment.
sub environment {
    my ($event) = @_;
    my $body = $event->{body} // '';
    utf8::encode($body);
    $body = MIME::Base64::decode($body) if $event->{isBase64Encoded};
    open my $input, '<', \$body or die $!;
    my %environment = (
        REQUEST_METHOD => $event->{requestContext}{http}{method}, SCRIPT_NAME => '', PATH_INFO => URI::Escape::uri_unescape($event->{rawPath}),
        QUERY_STRING => $event->{rawQueryString}, SERVER_NAME => $event->{requestContext}{domainName}, SERVER_PORT => 443,
        SERVER_PROTOCOL => 'HTTP/1.1', CONTENT_LENGTH => length $body, 'psgi.version' => [1, 1], 'psgi.url_scheme' => 'https',
        'psgi.input' => $input, 'psgi.errors' => *STDERR, 'psgi.streaming' => 1,
    );
    for my $name (keys %{$event->{headers}}) {
        my $variable = uc $name =~ tr/-/_/r;
        $environment{$variable eq 'CONTENT_TYPE' ? $variable : "HTTP_$variable"} = $event->{headers}{$name};
    }
    $environment{HTTP_COOKIE} = join '; ', @{$event->{cookies}} if $event->{cookies};
    return \%environment;
}

# Returns the response, with these headers.
sub ask_application {
    my ($app, $event, @shown) = @_;
    my $response = Plack::Util::run_app($app, environment($event));
    my $body = '';
    Plack::Util::foreach($response->[2], sub { $body .= $_[0] });
    utf8::decode($body);
    my $headers = Plack::Util::headers($response->[1]);
    return {statusCode => $response->[0], headers => {map { ($_ => '' . ($headers->get($_) // '')) } @shown}, body => $body};
}

1;
