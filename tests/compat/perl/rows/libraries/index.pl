use strict;
use warnings;
use utf8;
use DateTime;
use Template;
use XML::LibXML;
use YAML::XS ();

package Pear {
    use Moo;
    use Types::Standard qw(Int Str);
    has name => (is => 'ro', isa => Str, required => 1);
    has count => (is => 'rw', isa => Int, default => 0);
    sub TO_JSON { return {name => $_[0]->name, count => $_[0]->count} }
}

package main;

my %results = (
    moo => sub { Pear->new(name => 'Williams', count => 3) },
    type => sub { Pear->new(name => 'Williams', count => 'many') },
    missing => sub { Pear->new },
    datetime => sub { {at => DateTime->new(year => 2026, month => 1, day => 2, time_zone => 'UTC')->add(months => 1)->iso8601, day => DateTime->new(year => 2026, month => 1, day => 2, locale => 'de')->day_name} },
    template => sub { Template->new->process(\'[% FOREACH n IN list %]<[% n | html %]>[% END %]', {list => [1, '<ü>']}, \my $text); return $text },
    yaml => sub { YAML::XS::Load("list: [1, 2.5, 'three']\nnone: ~\nyes: true\n") },
    xml => sub { my $page = XML::LibXML->load_xml(string => '<a><b id="1">tea</b><b/></a>'); [map { $_->textContent } $page->findnodes('//b[@id]')] },
    broken => sub { XML::LibXML->load_xml(string => '<a>') },
);

sub handler { return $results{$_[0]}->() }

1;
