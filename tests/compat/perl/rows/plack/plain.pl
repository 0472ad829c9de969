# The same app under Plack's own server, asked what the event asks. The system chooses the port.
use strict;
use warnings;
use HTTP::Server::PSGI;
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP ();
use MIME::Base64 ();

my $json = JSON::PP->new->utf8;
my @events = map { $json->decode($_) } <STDIN>;
my $socket = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die $!;
my $url = 'http://127.0.0.1:' . $socket->sockport;
my $server = fork // die $!;
if (!$server) {
    HTTP::Server::PSGI->new(listen_sock => $socket)->run(require './app.pl');
    exit;
}
close $socket;
open my $answers, '>>', $ARGV[1] or die "$ARGV[1]: $!";
for my $event (@events) {
    my $body = $event->{isBase64Encoded} ? MIME::Base64::decode($event->{body}) : $event->{body} // '';
    my %headers = map { ($_ => $event->{headers}{$_}) } grep { !/^(?:host|content-length|connection)$/i } keys %{$event->{headers}};
    $headers{cookie} = join '; ', @{$event->{cookies}} if $event->{cookies};
    my $request = {headers => \%headers, content => $body};
    my $response = HTTP::Tiny->new->request($event->{requestContext}{http}{method}, "$url$event->{rawPath}?$event->{rawQueryString}", $request);
    my $told = $response->{content};
    utf8::decode($told);
    my %told = map { ($_ => $response->{headers}{lc $_}) } qw(Content-Type Content-Length X-Shown);
    print {$answers} $json->encode({response => {statusCode => $response->{status} + 0, headers => \%told, body => $told}}), "\n";
}
kill TERM => $server;
waitpid $server, 0;
