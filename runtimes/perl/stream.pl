# Streams a response: what a function returns until undef or writes, or what a file handle holds. Loaded by the first response that
# streams.
package OpenRuntime;
use strict;
use warnings;

my $chunk_size; # bytes: 64 KiB behind a line; 48 KiB in one, which are 64 KiB of base64
my $most_escapes = 1 << 10; # in a chunk that is text: an escape has six characters, and takes its time

# Writes the stream, or collects it if no stream was offered. Returns the member of the answer that remains to be written. The result
# is the body, or a hash that has one.
sub stream {
    my ($id, $result, $offered) = @_;
    my $is_http = ref $result eq 'HASH';
    my $body = $is_http ? $result->{body} : $result;
    my $head = $is_http ? http_head(%$result) : {};
    my $is_handle = UNIVERSAL::isa($body, 'GLOB');
    my $closes = $is_handle && bless [$body], 'OpenRuntime::Closes';
    my $next = $is_handle ? reader($body) : $body;
    $chunk_size = $offered->{bytes} ? 64 << 10 : 48 << 10;
    my $answer = $offered->{stream} ? send_all($next, encode($id), $head, $offered->{bytes}) : '"response":' . collect($next, $head);
    $OpenRuntime::running = undef;
    return $answer;
}

# Headers that have several values become multiValueHeaders.
sub http_head {
    my %head = @_;
    delete @head{qw(body isBase64Encoded)};
    $head{statusCode} //= 200;
    my (%one, %many);
    for my $name (keys %{$head{headers} // {}}) {
        my $value = $head{headers}{$name} // '';
        my @values = map { "$_" } ref $value eq 'ARRAY' ? @$value : $value;
        if (@values > 1) { $many{$name} = \@values }
        else { $one{$name} = $values[0] // '' }
    }
    $head{headers} = \%one;
    $head{multiValueHeaders} = {%{$head{multiValueHeaders} // {}}, %many} if %many;
    return \%head;
}

# The head goes out with the first chunk, so that an exception before that is an ordinary error.
sub send_all {
    my ($next, $id, $head, $takes_bytes) = @_;
    my $has_begun;
    my $begin = sub { $has_begun++ ? '' : '"stream":' . encode_result($head) . "}\n{\"id\":$id," };
    each_item($next, $head, sub {
        my $start = "{\"id\":$id," . $begin->();
        if ($takes_bytes) { write_lines($start . '"bytes":' . length($_[0]) . "}\n", $_[0]) }
        else { write_lines($start . chunk($_[0]) . '}') }
    });
    return $begin->() . '"end":true';
}

# Hands over each chunk. A function may also take what AWS::Lambda gives it: a responder, which takes a type and returns a writer.
sub each_item {
    my ($next, $head, $take) = @_;
    my $writer;
    my $responder = sub { $writer = OpenRuntime::Writer->new($head, $_[0], $take) };
    while (1) {
        my $item = $next->($responder);
        return $writer->finish if $writer;
        return if !defined $item;
        each_chunk($item, $take);
    }
}

# SIGTERM, whose handler may die, waits until the lines are whole, and the bytes that follow.
sub write_lines {
    my ($lines, $bytes) = @_;
    my ($handler, $is_stopped) = $SIG{TERM};
    $SIG{TERM} = sub { $is_stopped = 1 };
    if (defined $bytes) {
        utf8::encode($lines);
        write_bytes($lines . $bytes);
    } else {
        write_response($lines);
    }
    $SIG{TERM} = $handler;
    kill TERM => $$ if $is_stopped;
}

# A string with Perl's flag for UTF-8 is text. Any other is bytes, and what is neither is turned into JSON.
sub each_chunk {
    my ($item, $take) = @_;
    my $bytes = ref $item ? encode_result($item) : $item;
    utf8::encode($bytes) if ref $item || utf8::is_utf8($bytes);
    my $at = 0;
    do {
        $take->(substr $bytes, $at, $chunk_size);
        $at += $chunk_size;
    } while $at < length $bytes;
}

sub chunk {
    my ($bytes) = @_;
    my $text = $bytes =~ tr/\x00-\x1f// > $most_escapes ? undef : text($bytes);
    return defined $text ? '"chunk":' . encode_string($text) : '"base64":"' . base64($bytes) . '"';
}

# Returns the characters of bytes in UTF-8, or undef if they are not. Perl's own check accepts surrogates and more than U+10FFFF.
sub text {
    my ($bytes) = @_;
    no warnings 'utf8';
    return utf8::decode($bytes) && $bytes !~ /[\x{d800}-\x{dfff}]|[^\x{0}-\x{10ffff}]/ ? $bytes : undef;
}

# MIME::Base64 is missing from some small installations of Perl.
sub base64 {
    my ($bytes) = @_;
    my $text = pack 'u', $bytes;
    $text =~ s/^.//mg;
    $text =~ tr/\n//d;
    $text =~ tr|` -_|AA-Za-z0-9+/|;
    my $padding = -length($bytes) % 3;
    substr($text, -$padding) = '=' x $padding if $padding;
    return $text;
}

# Returns a function that reads from a handle. It reads from a pipe or a socket as the bytes come, unless a layer makes text of them.
sub reader {
    my ($handle) = @_;
    my $is_prompt = (-p $handle || -S _) && !grep { $_ eq 'utf8' } PerlIO::get_layers($handle);
    return sub {
        my ($bytes, $count);
        do {
            $count = $is_prompt ? sysread($handle, $bytes, $chunk_size) : read($handle, $bytes, $chunk_size);
        } while !defined $count && $! == 4; # EINTR
        die "cannot read the body: $!\n" if !defined $count;
        return $count ? $bytes : undef;
    };
}

sub collect {
    my ($next, $head) = @_;
    my $bytes = '';
    each_item($next, $head, sub { $bytes .= $_[0] });
    my $text = text($bytes);
    if (exists $head->{statusCode}) {
        my %body = defined $text ? (body => $text) : (body => base64($bytes), isBase64Encoded => decode('true'));
        return encode_result({%$head, %body});
    }
    failure('Runtime.MarshalError', 'this call cannot be answered by a stream, and JSON cannot hold bytes that are not UTF-8')
        if !defined $text;
    return encode_result($text);
}

# Has the methods of AWS::Lambda::ResponseWriter. With the type of an HTTP response, JSON and eight bytes of zero come before the body.
package OpenRuntime::Writer {
    my $end_of_head = "\0" x 8;

    sub new {
        my ($class, $head, $type, $take) = @_;
        my $is_http = ($type // '') eq 'application/vnd.awslambda.http-integration-response';
        $head->{contentType} = "$type" if defined $type && !$is_http;
        return bless {head => $head, take => $take, awaited => $is_http ? '' : undef}, $class;
    }

    sub write {
        my ($self, $data) = @_;
        die "cannot write to the response: it is closed\n" if $self->{is_closed};
        return '0E0' if !length($data // '');
        if (!defined $self->{awaited}) {
            OpenRuntime::each_chunk($data, $self->{take});
            return length $data;
        }
        utf8::encode($data) if utf8::is_utf8($data);
        my ($json, $body) = split /$end_of_head/, $self->{awaited} .= $data, 2;
        return length $data if !defined $body;
        $self->{awaited} = undef;
        %{$self->{head}} = %{OpenRuntime::http_head(%{OpenRuntime::decode($json)})};
        OpenRuntime::each_chunk($body, $self->{take}) if length $body;
        return length $data;
    }

    sub close { $_[0]{is_closed} = 1 }

    sub finish {
        die "the HTTP response has no head that ends with eight bytes of zero\n" if defined $_[0]{awaited};
    }
}

# Closes a handle when it leaves the scope, however that happens.
package OpenRuntime::Closes {
    sub DESTROY {
        local ($!, $?);
        close $_[0][0];
    }
}

1;
