sub { return 'more' };
