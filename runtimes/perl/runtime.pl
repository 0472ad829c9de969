# Language runtime for Perl: loads the handler, then answers calls on descriptors 8 and 9 (see ../README.md).
#
# Modules are loaded when they are needed: POSIX, IO::Handle, Cwd, Time::HiRes and B together take as long as all else.
package OpenRuntime;
use strict;
use warnings;

our ($running, $latest, $is_waiting, $is_last); # read by the handler of SIGTERM
our ($died, @frames); # the latest `die`, and its stack
my $process = $$;
my ($folder) = __FILE__ =~ m{(.*/)};
my @standard = @INC; # before the handler's folders
my $grace_ms = $ENV{SLSGRACE} // 0; # bootstrap sets and checks it
# Perl makes descriptors that it opens itself close-on-exec, so the protocol moves to duplicates.
open my $given_in, '<&=', 8 or die "descriptor 8: $!";
open my $given_out, '>&=', 9 or die "descriptor 9: $!";
open my $from_bootstrap, '<&', $given_in or die "descriptor 8: $!";
open my $to_bootstrap, '>&', $given_out or die "descriptor 9: $!";
close $given_in and close $given_out or die "descriptors 8 and 9: $!";
for ($from_bootstrap, $to_bootstrap) { # clears O_NONBLOCK, by F_GETFL and F_SETFL
    my $flags = fcntl($_, 3, 0) or die "cannot read the flags of a pipe: $!";
    fcntl $_, 4, $flags & ~04000 if $flags & 04000;
}
flush_at_once(\*STDOUT);

sub flush_at_once {
    my $selected = select shift;
    $| = 1;
    select $selected;
}

# A failure that AWS has a name for. The handler did not throw it: die { type, message }.
sub failure { my ($type, $message) = @_; die bless {type => $type, message => $message}, 'OpenRuntime::Failure' }

# Loads the function that `src/users.create` names. Companions of middlewares may wrap it.
sub load_handler {
    my ($name) = @_;
    my ($module, $function) = $name =~ m{^((?:.*/)?[^./]+)\.([^./]+)$};
    failure('Runtime.MalformedHandlerName', "'$name' is not of the form [folder/]file.function")
        if !defined $function || $name =~ /\.\./;
    my @wraps = map { load_companion("$_/perl.pl") } split /:/, $ENV{SLSCOMPANIONS} // '';
    my $file = ($module =~ m{^/} ? '' : current_folder() . '/') . "$module.pl";
    failure('Runtime.ImportModuleError', "cannot load $file: no such file") if !-f $file;
    load_file($file);
    my $handler = main->can($function)
        or failure('Runtime.HandlerNotFound', "the function '$function' is missing from $file");
    $handler = $_->($handler) for reverse @wraps;
    return $handler;
}

sub current_folder { return readlink('/proc/self/cwd') // do { load('Cwd.pm'); Cwd::getcwd() } }

# Loads a module of Perl's own.
sub load {
    return if $INC{$_[0]};
    local @INC = @standard;
    require $_[0];
}

# Loads a file of this folder. The debugger does not stop in it.
sub load_own {
    local $^P = 0;
    return require "$folder$_[0]";
}

# Runs a file in the package main.
sub load_file {
    my ($file) = @_;
    my $value = do { package main; do $file };
    return $value if !$@;
    die $@ if ref $@;
    failure('Runtime.ImportModuleError', "cannot load $file: $@") if $@ =~ /^Can't locate \S+ in \@INC/;
    failure('Runtime.UserCodeSyntaxError', $@) if $@ =~ /syntax error|had compilation errors|Missing right curly|Global symbol/;
    die $@;
}

# A companion may end with a function that takes a handler and returns one.
sub load_companion {
    load('Cwd.pm');
    my ($file) = map { Cwd::abs_path($_) // $_ } @_;
    return if !-f $file;
    my $wrap = eval { load_file($file) };
    failure('Runtime.CompanionError', "the companion $file failed: " . (ref $@ ? $@->{message} : $@)) if $@;
    return ref $wrap eq 'CODE' ? $wrap : ();
}

# Parses the call in a line.
sub read_event {
    my ($line) = @_;
    my $call = eval { decode($line) };
    return $call if ref $call eq 'HASH';
    my ($id) = $line =~ /^\{"id":"([^"]*)"/;
    return {id => $id, failure => "cannot read the event: $@"};
}

# Calls the handler, and returns the member of the answer that remains to be written. What streams has gone out by then.
sub call_handler {
    my ($handler, $call) = @_;
    failure('Runtime.UnmarshalError', $call->{failure}) if $call->{failure};
    my $context = OpenRuntime::Context->new($call->{context} // {});
    delete $ENV{_X_AMZN_TRACE_ID};
    $ENV{_X_AMZN_TRACE_ID} = $context->{traceId} if defined $context->{traceId};
    local $running = $latest = $context;
    no warnings 'once';
    local $AWS::Lambda::context = $context; # where programs for AWS::Lambda look for it
    ($died, @frames) = ();
    my $users = $SIG{__DIE__}; # set while the handler was loaded
    local $SIG{__DIE__} = !$users ? \&on_die : ref $users ? sub { on_die(@_); goto &$users } : $users;
    my $debug = $call->{context}{debug};
    $handler = debugged($handler, $debug, $context->get_remaining_time_in_millis) if $debug && load_own('debugger.pl');
    my $result = $handler->($call->{event}, $running);
    my $body = ref $result eq 'HASH' ? $result->{body} : $result;
    if (ref $body && (UNIVERSAL::isa($body, 'CODE') || UNIVERSAL::isa($body, 'GLOB'))) { # JSON cannot hold these
        load_own('stream.pl');
        return stream($call->{id}, $result, $call->{context});
    }
    $running = undef;
    return '"response":' . encode_result($result);
}

sub encode_result {
    my ($result) = @_;
    return eval { encode($result) } // failure('Runtime.MarshalError', "cannot turn the result into JSON: $@");
}

# Writes one whole line. A process that the handler forked must not write to the protocol.
sub write_response {
    my $line = "$_[0]\n";
    utf8::encode($line);
    write_bytes($line);
}

# By one system call, as a rule: print would write 8 KiB at a time.
sub write_bytes {
    my ($bytes) = @_;
    my $at = 0;
    if ($$ != $process) {
        load('POSIX.pm');
        POSIX::_exit(1);
    }
    while ($at < length $bytes) {
        my $written = syswrite $to_bootstrap, $bytes, length($bytes) - $at, $at;
        exit 1 if !defined $written && $! != 4; # EINTR
        $at += $written // 0;
    }
}

# Keeps the stack of the latest `die`. It is not known yet whether an `eval` catches it.
sub on_die {
    ($died, @frames) = ("$_[0]", callers(1));
}

# The stack of user code: `function at file line number` says where that function was called. The first line may lack a function.
sub callers {
    my ($depth, @stack, @caller) = @_;
    for (; @stack < 100 and @caller = caller $depth; $depth++) {
        my $function = $caller[3] =~ /^(?:OpenRuntime|DB)::/ ? '' : "$caller[3] at ";
        push @stack, "$function$caller[1] line $caller[2]" if index($caller[1], $folder) && $caller[1] !~ m{/(?:Carp(?:/Heavy)?\.pm|perl5db\.pl)\z};
    }
    return @stack;
}

sub describe_error {
    my ($error) = @_;
    my $is_ours = ref $error && UNIVERSAL::isa($error, __PACKAGE__ . '::Failure');
    my ($type, $message, @stack) = (ref $error || 'Error', "$error");
    ($type, $message, @stack) = ($error->{type}, $error->{message}, @{$error->{stack} // []}) if $is_ours;
    my $place = !$is_ours && $message =~ s/ at (\S+ line \d+)(?:, <\S*> (?:line|chunk) \d+)?\.\n\z// ? $1 : '';
    $message =~ s/\n\z//;
    if (!$is_ours && defined $died && $died eq "$error") { # otherwise the stack belongs to another error
        @stack = @frames;
    }
    unshift @stack, $place if $place && index($place, $folder) && !grep { /(?:^| at )\Q$place\E\z/ } @stack;
    utf8::decode($message);
    return encode({errorType => $type, errorMessage => $message, stackTrace => \@stack});
}

# Logs a warning in AWS's JSON. The message may be characters, or the bytes of text in UTF-8.
sub on_warn {
    my ($message) = @_;
    $message =~ s/\n\z//;
    utf8::decode($message);
    load('Time/HiRes.pm');
    my ($seconds, $microseconds) = Time::HiRes::gettimeofday();
    my ($second, $minute, $hour, $day, $month, $year) = gmtime $seconds;
    my $timestamp = sprintf '%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', $year + 1900, $month + 1, $day, $hour, $minute, $second, $microseconds / 1000;
    my %line = (timestamp => $timestamp, level => 'WARN', message => "$message");
    $line{requestId} = $running->aws_request_id if $running;
    $line{tenantId} = $running->tenant_id if $running && defined $running->tenant_id;
    my $line = encode(\%line) . "\n";
    utf8::encode($line);
    print STDERR $line;
}

# SIGTERM means, during a call, that little time is left, and between calls that the Shutdown phase has begun.
sub on_sigterm {
    if ($running) {
        my $left = $running->get_remaining_time_in_millis;
        my @stack = callers(1);
        my $message = "the handler was still running $left ms before its deadline";
        die bless {type => 'Function.Timeout', message => $message, stack => \@stack}, 'OpenRuntime::Failure';
    }
    return if $latest && $latest->get_remaining_time_in_millis <= $grace_ms; # it was meant for that call
    $is_last = 1;
    exit 0 if $is_waiting;
}

# This file has its own JSON, because JSON::PP takes 30 ms to load and 10 s for 5 MB. decode takes bytes; encode returns characters.
my %escaped = ('"' => '"', '\\' => '\\', '/' => '/', b => "\b", f => "\f", n => "\n", r => "\r", t => "\t");
my %literals = (null => undef, map { $_ => bless \(my $copy = $_ eq 'true' ? 1 : 0), 'JSON::PP::Boolean' } qw(true false));
my $is_number = defined &builtin::created_as_number ? \&builtin::created_as_number : do { # from 5.36 on
    require B;
    sub {
        my $flags = B::svref_2object(\$_[0])->FLAGS;
        return $flags & (B::SVf_IOK() | B::SVf_NOK()) && !($flags & B::SVf_POK());
    };
};
my $is_boolean = defined &builtin::is_bool ? \&builtin::is_bool : sub { }; # Perl has booleans from 5.36 on
our $depth = 0;

sub decode {
    local $_ = $_[0];
    pos = 0;
    my ($in, $name, @outer); # a loop, because recursion would take 7 KB for each level
    /\G\s+/gc;
    VALUE: while (1) {
        my $value;
        if (/\G"/gc) { $value = decode_string() }
        elsif (/\G\{\s*/gc) {
            $value = {};
            if (!/\G\}/gc) {
                push @outer, [$in, $name];
                ($in, $name) = ($value, decode_name());
                die "deeper than 10000 levels\n" if @outer > 10_000;
                next VALUE;
            }
        }
        elsif (/\G\[\s*/gc) {
            $value = [];
            if (!/\G\]/gc) {
                push @outer, [$in, $name];
                ($in, $name) = ($value, undef);
                die "deeper than 10000 levels\n" if @outer > 10_000;
                next VALUE;
            }
        }
        elsif (/\G(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)/gc) { $value = $1 + 0 }
        elsif (/\G(null|true|false)/gc) { $value = $literals{$1} }
        else { die 'no value at character ' . (pos // 0) }
        while ($in) {
            if (defined $name) {
                $in->{$name} = $value;
                if (/\G\s*,\s*(?=")/gc) { $name = decode_name(); next VALUE }
                /\G\s*\}/gc or die 'no comma at character ' . pos;
            }
            else {
                push @$in, $value;
                next VALUE if /\G\s*,\s*(?!\])/gc;
                /\G\s*\]/gc or die 'no comma at character ' . pos;
            }
            $value = $in;
            ($in, $name) = @{pop @outer};
        }
        /\G\s*\z/gc or die 'more than one value at character ' . pos;
        return $value;
    }
}

sub decode_name {
    /\G"/gc or die 'no member name at character ' . pos;
    my $name = decode_string();
    /\G\s*:\s*/gc or die 'no colon at character ' . pos;
    return $name;
}

my ($high, $low) = (qr/[dD][89abAB][0-9a-fA-F]{2}/, qr/[dD][c-fC-F][0-9a-fA-F]{2}/); # halves of a surrogate pair

sub decode_string {
    my $start = pos;
    1 while /\G[^"\\]+/gc || /\G(?:\\.){1,30000}+/gcs; # Perl repeats a group at most 32,766 times, from 5.30 on 65,534 times
    my $string = substr $_, $start, pos() - $start;
    /\G"/gc or die 'no end of the string at character ' . pos;
    utf8::decode($string);
    return $string if index($string, '\\') < 0;
    $string =~ s{\\(?:u($high)\\u($low)|u([0-9a-fA-F]{4})|(.))}{
        defined $1 ? chr(0x10000 + (hex($1) - 0xD800) * 0x400 + hex($2) - 0xDC00)
            : defined $3 ? chr hex $3
            : $escaped{$4} // die 'an escape that JSON does not have at character ' . pos
    }ges;
    return $string;
}

sub encode {
    my ($value) = @_;
    my ($text, $in, $names, $at, @outer) = ('');
    VALUE: while (1) {
        my $type = ref $value;
        if ($type eq 'HASH' || $type eq 'ARRAY') {
            die "it is deeper than 10000 levels, or it contains itself\n" if @outer >= 10_000;
            push @outer, [$in, $names, $at];
            ($in, $names, $at) = ($value, $type eq 'HASH' ? [keys %$value] : undef, 0);
            $text .= $names ? '{' : '[';
        }
        else { $text .= $type ? encode_object($value) : encode_scalar($value) }
        while ($in) {
            if ($at < @{$names // $in}) {
                $text .= ',' if $at;
                $text .= encode_string($names->[$at]) . ':' if $names;
                $value = $names ? $in->{$names->[$at]} : $in->[$at];
                $at++;
                next VALUE;
            }
            $text .= $names ? '}' : ']';
            ($in, $names, $at) = @{pop @outer};
        }
        return $text;
    }
}

sub encode_scalar {
    my ($value) = @_;
    no warnings; # is_bool is experimental, and Perl would warn of it
    return 'null' if !defined $value;
    return $value ? 'true' : 'false' if $is_boolean->($value);
    return encode_string($value) if !$is_number->($value);
    die "$value has no form in JSON\n" if $value !~ /\d/;
    return "$value";
}

sub encode_object {
    my ($value) = @_;
    no warnings 'recursion';
    local $depth = $depth + 1;
    die "it is deeper than 10000 levels, or it contains itself\n" if $depth > 1000;
    return encode($value->TO_JSON) if UNIVERSAL::can($value, 'TO_JSON');
    return $$value ? 'true' : 'false' if ref($value) =~ /Boolean/; # a boolean of a JSON module
    return $$value ? 'true' : 'false' if ref $value eq 'SCALAR' && defined $$value && $$value =~ /^[01]\z/; # as JSON modules take them
    die "a " . ref($value) . " has no form in JSON\n";
}

sub encode_string {
    my ($string) = @_;
    $string =~ s/(["\\])/\\$1/g;
    $string =~ s/([\x00-\x1f\x{d800}-\x{dfff}])/sprintf '\\u%04x', ord $1/ge;
    return qq("$string");
}

# The booleans of JSON modules, which know this class, and load its file for themselves.
package JSON::PP::Boolean {
    use overload '0+' => sub { ${$_[0]} }, '++' => sub { $_[0] = ${$_[0]} + 1 }, '--' => sub { $_[0] = ${$_[0]} - 1 }, fallback => 1;
}

# The methods have the names of Python's context: https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
package OpenRuntime::Context {
    my %members = (
        aws_request_id => 'requestId', invoked_function_arn => 'functionArn', trace_id => 'traceId',
        tenant_id => 'tenantId', deadline_ms => 'deadlineMs', client_context => 'clientContext', identity => 'identity',
    );
    my %variables = (
        function_name => 'FUNCTION_NAME', function_version => 'FUNCTION_VERSION', memory_limit_in_mb => 'FUNCTION_MEMORY_SIZE',
        log_group_name => 'LOG_GROUP_NAME', log_stream_name => 'LOG_STREAM_NAME',
    );
    no strict 'refs';
    for my $member (keys %members) { *$member = sub { $_[0]{$members{$member}} } }
    for my $member (keys %variables) { *$member = sub { $ENV{"AWS_LAMBDA_$variables{$member}"} } }

    sub new {
        my ($class, $given) = @_;
        my $fields = ref $given->{clientContext} eq 'HASH' ? delete $given->{clientContext}{w3c} : undef; # as AWS's client for Python does
        $given->{w3c} = ref $fields eq 'HASH' ? $fields : {};
        return bless $given, $class;
    }

    # The W3C trace context that came with the client context.
    sub w3c {
        my $given = $_[0]{w3c};
        my @names = grep { defined $given->{$_} && !ref $given->{$_} && !$is_number->($given->{$_}) } qw(traceparent tracestate baggage);
        return {map { $_ => $given->{$_} } @names};
    }

    sub get_remaining_time_in_millis {
        OpenRuntime::load('Time/HiRes.pm');
        my $left = int(($_[0]{deadlineMs} // 0) - Time::HiRes::time() * 1000);
        return $left > 0 ? $left : 0;
    }
}

package OpenRuntime;

# SnapStart: the function runs before the snapshot, that which was given last first; or after the snapshot has been restored.
my (@before_snapshot, @after_restore);
sub before_snapshot { unshift @before_snapshot, @_; return }
sub after_restore { push @after_restore, @_; return }

sub run_hook {
    my ($name) = @_;
    srand if $name ne 'before-snapshot'; # or each environment of the snapshot would have the same numbers
    $_->() for $name eq 'before-snapshot' ? @before_snapshot : @after_restore;
    return '"response":null';
}

# Goes the way of a call once in Init, because what runs for the first time takes much longer.
sub warm_up {
    my $call = read_event('{"id":"","event":{"a":[1,""]},"context":{"requestId":"","deadlineMs":0}}' . "\n");
    OpenRuntime::Context->new($call->{context})->get_remaining_time_in_millis;
    return encode($call->{id}) . encode($call->{event});
}

sub main {
    unshift @INC, current_folder(), '/opt/perl/lib/perl5';
    if (uc($ENV{AWS_LAMBDA_LOG_FORMAT} // '') eq 'JSON') {
        $SIG{__WARN__} = ($ENV{AWS_LAMBDA_LOG_LEVEL} // '') =~ /^(?:ERROR|FATAL)\z/i ? sub { } : \&on_warn;
    }
    $^P = 0x71f if $ENV{SLSDEBUG} || $ENV{_OPEN_RUNTIME_DEBUG}; # compiles the handler so that perl5db.pl can stop in it
    my $handler = eval { load_handler(shift @ARGV // '') };
    if (!$handler) {
        write_response('{"error":' . describe_error($@) . '}');
        exit 1;
    }
    $SIG{TERM} //= \&on_sigterm;
    warm_up();
    my $version = sprintf '%vd', $^V;
    write_response(qq({"ready":{"protocol":1,"name":"perl","version":"$version","concurrency":1,"hooks":true}}));
    while (1) {
        $is_waiting = 1;
        my $line = $is_last ? undef : <$from_bootstrap>;
        $. = 0; # or Perl's messages would name the handle that was read last
        $is_waiting = 0;
        last if !defined $line;
        my $call = read_event($line);
        my $answer = eval { $call->{hook} ? run_hook($call->{hook}) : call_handler($handler, $call) } // '"error":' . describe_error($@);
        end_debugging() if defined &end_debugging;
        write_response('{"id":' . encode($call->{id}) . ",$answer}");
    }
}

main();
