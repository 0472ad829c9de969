package Shop;
use Dancer2;

set engines => {serializer => {JSON => {canonical => 1}}};
set serializer => 'JSON';
set logger => 'console';
set log => 'warning';
set appdir => '.';
set show_stacktrace => 0;

hook after => sub { $_[0]->header('X-Shown' => 'yes') };

post '/orders' => sub {
    warning 'ordered ' . body_parameters->get('item');
    status 201;
    response_header Location => '/orders/1';
    return {order => {map { ($_ => body_parameters->get($_)) } qw(item count)}, cookie => cookie('session') . '', agent => request->user_agent};
};
get '/orders/:id[Int]' => sub { return {id => route_parameters->get('id') + 0, query => query_parameters->as_hashref} };
get '/fail' => sub { send_error 'no pears left', 409 };

Shop->to_app;
