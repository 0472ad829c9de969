use strict;
use warnings;
use JSON::PP ();
use Plack::Builder;
use Plack::Request;

my $json = JSON::PP->new->utf8->canonical;

sub answer {
    my $request = Plack::Request->new(shift);
    my $response = $request->new_response($request->method eq 'POST' ? 201 : 200);
    $response->content_type('application/json');
    $response->body($json->encode({
        path => $request->path_info, method => $request->method, query => $request->query_parameters->as_hashref_mixed,
        type => $request->content_type, body => $request->content, agent => $request->user_agent, cookies => $request->cookies,
    }));
    return $response->finalize;
}

builder {
    enable 'ContentLength';
    enable sub { my $app = shift; sub { my $response = $app->(@_); push @{$response->[1]}, 'X-Shown' => 'yes'; $response } };
    mount '/nowhere' => sub { [404, ['Content-Type' => 'text/plain'], ['nothing']] };
    mount '/' => \&answer;
};
