require './index.pl';

sub data_handler { return handler($_[0]{data}) }

1;
