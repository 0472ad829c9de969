use strict;
use warnings;
use utf8;
use DBI;

my $db = DBI->connect('dbi:SQLite:dbname=:memory:', '', '', {RaiseError => 1, PrintError => 0, sqlite_unicode => 1});
$db->do('CREATE TABLE pears (id INTEGER PRIMARY KEY, name TEXT UNIQUE, price REAL, raw BLOB)');

my %queries = (
    insert => sub {
        my ($event) = @_;
        my $insert = $db->prepare_cached('INSERT INTO pears (name, price, raw) VALUES (?, ?, ?)');
        $insert->bind_param(1, $event->{name});
        $insert->bind_param(2, 1.5);
        $insert->bind_param(3, "\xff", DBI::SQL_BLOB());
        $insert->execute;
        return $db->last_insert_id;
    },
    select => sub { $db->selectall_arrayref('SELECT id, name, price, hex(raw) AS raw FROM pears ORDER BY id', {Slice => {}}) },
    rollback => sub {
        $db->begin_work;
        $db->do('DELETE FROM pears');
        $db->rollback;
        return $db->selectrow_array('SELECT count(*) FROM pears');
    },
    function => sub {
        $db->sqlite_create_function('twice', 1, sub { 2 * $_[0] });
        return $db->selectrow_hashref('SELECT twice(21) AS answer, NULL AS none');
    },
    failed => sub { $db->do('SELECT * FROM nowhere') },
);

sub handler {
    my ($event) = @_;
    return $queries{$event->{by}}->($event);
}

1;
