sub echoes { $_[0] }

1;
