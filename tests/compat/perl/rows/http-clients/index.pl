use strict;
use warnings;
use utf8;
use Furl;
use HTTP::Tiny;
use JSON::PP ();
use LWP::UserAgent;
use Mojo::UserAgent;

my $json = JSON::PP->new->utf8->canonical;
my ($tiny, $lwp, $furl, $mojo) = (HTTP::Tiny->new, LWP::UserAgent->new(keep_alive => 1), Furl->new, Mojo::UserAgent->new);
my %clients = (
    tiny => sub { $tiny->post($_[0], {content => $_[1]})->{content} },
    lwp => sub { $lwp->post($_[0], Content => $_[1])->content },
    furl => sub { $furl->post($_[0], ['Content-Type' => 'application/json'], $_[1])->content },
    mojo => sub { $mojo->post($_[0] => $_[1])->result->body },
    promise => sub {
        my $body;
        $mojo->post_p($_[0] => $_[1])->then(sub { $body = shift->res->body })->wait;
        return $body;
    },
    refused => sub { $json->encode({tiny => $tiny->get('http://127.0.0.1:9/')->{status}, lwp => $lwp->get('http://127.0.0.1:9/')->code}) },
);

sub handler {
    my ($event) = @_;
    return {by => $event->{by}, answer => $json->decode($clients{$event->{by}}->("$ENV{URL}/echo", $json->encode($event)))};
}

1;
