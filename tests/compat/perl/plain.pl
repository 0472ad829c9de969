# Calls a handler without Lambda: an event from each line of STDIN, a line added to ANSWERS for each answer. JSON is JSON::PP's.
# usage: plain.pl FILE.FUNCTION ANSWERS
package Outside;
use strict;
use warnings;
use JSON::PP ();

my ($file, $function) = split /\./, $ARGV[0];
my $json = JSON::PP->new->utf8->allow_nonref->convert_blessed;
my @events = map { $json->decode($_) } <STDIN>;
close STDIN; # else Perl's messages name its line
STDOUT->autoflush;
{ package main; require "./$file.pl" }
open my $answers, '>>', $ARGV[1] or die "$ARGV[1]: $!";
for my $event (@events) {
    my $answer = eval { encode(response => scalar main->can($function)->($event, undef)) } // encode(error => told_of($@));
    print {$answers} "$answer\n";
}

# JSON::PP writes nan and inf, which are not JSON.
sub encode {
    my $text = $json->encode({@_});
    $json->decode($text);
    return $text;
}

# Removes the line number, which the answer has elsewhere.
sub told_of {
    my ($error) = @_;
    my $message = "$error";
    $message =~ s/ at \S+ line \d+(?:, <\S*> (?:line|chunk) \d+)?\.?\n\z//;
    $message =~ s/\n\z//;
    utf8::decode($message);
    return {errorType => ref $error || 'Error', errorMessage => $message};
}
