use strict;
use warnings;
use utf8;
use Cpanel::JSON::XS ();
use JSON::MaybeXS ();
use JSON::PP ();
use JSON::Types ();
use JSON::XS ();
use Types::Serialiser ();

my $text = '{"yes":true,"no":false,"none":null,"n":[1,1.5,"2","ü"]}';
utf8::encode($text);
my %results = (
    xs => sub { JSON::XS->new->utf8->decode($text) },
    cpanel => sub { Cpanel::JSON::XS->new->utf8->decode($text) },
    pp => sub { JSON::PP->new->utf8->decode($text) },
    maybe => sub { JSON::MaybeXS->new(utf8 => 1)->decode($text) },
    booleans => sub { [JSON::XS::true(), Cpanel::JSON::XS::false(), $Types::Serialiser::true, JSON::PP::false(), JSON::MaybeXS::true(), \1, \0] },
    types => sub { {number => JSON::Types::number('3'), string => JSON::Types::string(3), bool => JSON::Types::bool(1)} },
    roundtrip => sub { JSON::XS::decode_json(JSON::XS::encode_json($_[0]{event})) },
    broken => sub { JSON::XS::decode_json('{broken') },
);

sub handler {
    my ($event) = @_;
    return $results{$event->{by}}->($event);
}

1;
