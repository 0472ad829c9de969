# Language runtime for Perl: loads the handler, then answers calls on descriptors 8 and 9 (see ../README.md).
package OpenRuntime;
use strict;
use warnings;
use Cwd ();
use IO::Handle ();
use POSIX ();
use Time::HiRes ();

our ($running, $latest, $is_waiting, $is_last); # what SIGTERM finds going on
my $process = $$;
my $json = do {
    # The fastest that is installed; JSON::PP comes with Perl.
    my ($class) = grep { eval "require $_" } qw(Cpanel::JSON::XS JSON::XS JSON::PP);
    $class->new->utf8->allow_nonref->max_depth(10_000);
};

# Perl makes those that it opens itself close-on-exec, duplicates for example.
open my $given_in, '<&=', 8 or die "descriptor 8: $!";
open my $given_out, '>&=', 9 or die "descriptor 9: $!";
open my $from_bootstrap, '<&', $given_in or die "descriptor 8: $!";
open my $to_bootstrap, '>&', $given_out or die "descriptor 9: $!";
close $given_in and close $given_out or die "descriptors 8 and 9: $!";
$to_bootstrap->autoflush;

# What AWS has a name for, and what is no exception of the handler's: die { type, message }.
sub failure { my ($type, $message) = @_; die bless {type => $type, message => $message}, 'OpenRuntime::Failure' }

# Requires what `src/users.create` names, wrapped as companions of middlewares want.
sub load_handler {
    my ($name) = @_;
    my ($module, $function) = $name =~ m{^((?:.*/)?[^./]+)\.([^./]+)$};
    failure('Runtime.MalformedHandlerName', "'$name' is not of the form [folder/]file.function")
        if !defined $function || $name =~ /\.\./;
    my @wraps = map { load_companion("$_/perl.pl") } split /:/, $ENV{SLSCOMPANIONS} // '';
    my $file = ($module =~ m{^/} ? '' : Cwd::getcwd() . '/') . "$module.pl";
    failure('Runtime.ImportModuleError', "cannot load $file: no such file") if !-f $file;
    load_file($file);
    my $handler = main->can($function)
        or failure('Runtime.HandlerNotFound', "the function '$function' is missing from $file");
    $handler = $_->($handler) for reverse @wraps;
    return $handler;
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

# A companion may end with a function, which gets a handler and returns one.
sub load_companion {
    my ($file) = map { Cwd::abs_path($_) // $_ } @_;
    return if !-f $file;
    my $wrap = eval { load_file($file) };
    failure('Runtime.CompanionError', "the companion $file failed: " . (ref $@ ? $@->{message} : $@)) if $@;
    return ref $wrap eq 'CODE' ? $wrap : ();
}

# The call of a line.
sub read_event {
    my ($line) = @_;
    my $call = eval { $json->decode($line) };
    return $call if $call;
    my ($id) = $line =~ /^\{"id":"([^"]*)"/;
    return {id => $id, failure => "the event cannot be read: $@"};
}

# The handler's result as JSON.
sub call_handler {
    my ($handler, $call) = @_;
    failure('Runtime.UnmarshalError', $call->{failure}) if $call->{failure};
    local $running = $latest = OpenRuntime::Context->new($call->{context} // {});
    my $result = $handler->($call->{event}, $running);
    $running = undef;
    my $encoded = eval { $json->encode($result) };
    # JSON::PP writes numbers that JSON does not have
    failure('Runtime.MarshalError', 'the result cannot be turned into JSON: ' . ($@ || $encoded))
        if !defined $encoded || $encoded =~ /^-?(?:nan|inf)/i;
    return $encoded;
}

# Writes one line, whole. A fork of the handler's has no part in the protocol.
sub write_response {
    POSIX::_exit(1) if $$ != $process;
    print {$to_bootstrap} $_[0], "\n" or exit 1;
}

sub describe_error {
    my ($error) = @_;
    my $is_ours = ref $error && UNIVERSAL::isa($error, __PACKAGE__ . '::Failure');
    my ($type, $message, @stack) = (ref $error || 'Error', "$error");
    ($type, $message, @stack) = ($error->{type}, $error->{message}, @{$error->{stack} // []}) if $is_ours;
    push @stack, $1 if !$is_ours && $message =~ s/ at (\S+ line \d+)(?:, <\S*> (?:line|chunk) \d+)?\.\n\z//;
    utf8::decode($message);
    return $json->encode({errorType => $type, errorMessage => $message, stackTrace => \@stack});
}

# During a call, little time is left for it. Between calls, the Shutdown phase has come.
sub on_sigterm {
    if ($running) {
        my ($left, @stack, @caller) = $running->get_remaining_time_in_millis;
        for (my $depth = 1; @caller = caller $depth; $depth++) {
            push @stack, "$caller[3] at $caller[1] line $caller[2]" if $caller[1] ne __FILE__;
        }
        my $message = "the handler was still running $left ms before its deadline";
        die bless {type => 'Function.Timeout', message => $message, stack => \@stack}, 'OpenRuntime::Failure';
    }
    return if $latest && $latest->get_remaining_time_in_millis <= ($ENV{SLSGRACE} || 250); # too late for that call
    $is_last = 1;
    exit 0 if $is_waiting;
}

# https://docs.aws.amazon.com/lambda/latest/dg/python-context.html, whose names it takes; all are methods.
package OpenRuntime::Context {
    my %members = (
        aws_request_id => 'requestId', invoked_function_arn => 'functionArn', trace_id => 'traceId',
        tenant_id => 'tenantId', client_context => 'clientContext', identity => 'identity',
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
        delete $ENV{_X_AMZN_TRACE_ID};
        $ENV{_X_AMZN_TRACE_ID} = $given->{traceId} if defined $given->{traceId};
        return bless $given, $class;
    }

    sub get_remaining_time_in_millis {
        my $left = int(($_[0]{deadlineMs} // 0) - Time::HiRes::time() * 1000);
        return $left > 0 ? $left : 0;
    }
}

package OpenRuntime;

sub main {
    STDOUT->autoflush;
    unshift @INC, Cwd::getcwd(), '/opt/perl/lib/perl5';
    my $handler = eval { load_handler(shift @ARGV // '') };
    if (!$handler) {
        write_response('{"error":' . describe_error($@) . '}');
        exit 1;
    }
    $SIG{TERM} //= \&on_sigterm;
    my $version = sprintf '%vd', $^V;
    write_response(qq({"ready":{"protocol":1,"name":"perl","version":"$version","concurrency":1}}));
    while (1) {
        $is_waiting = 1;
        my $line = $is_last ? undef : <$from_bootstrap>;
        $is_waiting = 0;
        last if !defined $line;
        my $call = read_event($line);
        my $answer = eval { '"response":' . call_handler($handler, $call) } // '"error":' . describe_error($@);
        write_response('{"id":' . $json->encode($call->{id}) . ",$answer}");
    }
}

main();
