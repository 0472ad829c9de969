use strict;
use warnings;
use utf8;
use Log::Log4perl qw(:easy);

Log::Log4perl->init(\<<'END');
log4perl.logger = INFO, Screen
log4perl.logger.shop = DEBUG, Errors
log4perl.appender.Screen = Log::Log4perl::Appender::Screen
log4perl.appender.Screen.stderr = 0
log4perl.appender.Screen.utf8 = 1
log4perl.appender.Screen.layout = Log::Log4perl::Layout::PatternLayout
log4perl.appender.Screen.layout.ConversionPattern = %p %c %M %L: %m{chomp} (%X{item})%n
log4perl.appender.Errors = Log::Log4perl::Appender::Screen
log4perl.appender.Errors.layout = Log::Log4perl::Layout::SimpleLayout
END

sub handler {
    my ($event) = @_;
    Log::Log4perl::MDC->put(item => $event);
    my $root = get_logger();
    $root->debug('left out');
    $root->info("sold\n");
    $root->warn(sub { 'of a sub, ü' });
    get_logger('shop')->debug('in both');
    $root->error_die("by error_die\n") if $event eq 'die';
    $root->logwarn('by logwarn');
    return 'ok';
}

1;
