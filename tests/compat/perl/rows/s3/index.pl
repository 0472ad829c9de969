use strict;
use warnings;
use Amazon::S3;
use JSON::PP ();

my ($host) = $ENV{AWS_ENDPOINT_URL} =~ m{^http://(.*)};
my $s3 = Amazon::S3->new({aws_access_key_id => 'id', aws_secret_access_key => 'secret', host => $host, secure => 0, dns_bucket_names => 0, retry => 0});

sub handler {
    my ($event) = @_;
    my $bucket = $event->{again} ? $s3->bucket('photos') : $s3->add_bucket({bucket => 'photos'});
    $bucket->add_key('a.json', JSON::PP->new->canonical->encode($event), {content_type => 'application/json'});
    my $got = $bucket->get_key('a.json');
    return {listed => [map { $_->{key} } @{$bucket->list->{keys}}], body => JSON::PP::decode_json($got->{value}), type => $got->{content_type}, missing => $bucket->get_key('nowhere')};
}

1;
