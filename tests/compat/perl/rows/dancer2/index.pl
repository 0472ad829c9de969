use strict;
use warnings;
require './psgi.pl';

my $app = require './app.pl';

sub handler { ask_application($app, $_[0], qw(Content-Type Location X-Shown)) }

1;
