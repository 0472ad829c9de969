use strict;
use warnings;
use Log::Any '$log';
use Log::Any::Adapter;

Log::Any::Adapter->set('Stderr', log_level => 'info');

package Shop {
    use Log::Any '$log', prefix => 'shop: ';
    sub sell { $log->infof('sold %s at %s', 'pears', {price => 2}) }
}

sub handler {
    $log->debug('left out');
    $log->warn('first', {request => 7});
    Shop::sell();
    $log->context->{customer} = 'Ada';
    $log->error('with a context');
    Log::Any::Adapter->set({category => 'Other'}, 'Stdout');
    Log::Any->get_logger(category => 'Other')->notice('to stdout');
    return $log->is_debug ? 'debug' : 'ok';
}

1;
