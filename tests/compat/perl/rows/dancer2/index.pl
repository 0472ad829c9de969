use strict;
use warnings;
use MIME::Base64 ();
use Plack::Util;
use URI::Escape ();

my $app = require './app.pl';

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

sub handler {
    my ($event) = @_;
    my $response = Plack::Util::run_app($app, environment($event));
    my $body = '';
    Plack::Util::foreach($response->[2], sub { $body .= $_[0] });
    utf8::decode($body);
    my $headers = Plack::Util::headers($response->[1]);
    return {statusCode => $response->[0], headers => {map { ($_ => '' . ($headers->get($_) // '')) } qw(Content-Type Location X-Shown)}, body => $body};
}

1;
