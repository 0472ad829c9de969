sub same {
    my ($event) = @_;
    return $event;
}
1;
