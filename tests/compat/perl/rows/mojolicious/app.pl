use Mojolicious::Lite -signatures;
use Mojo::Server::PSGI;
use Mojo::JSON qw(true);

app->secrets(['secret']);
app->mode('production');
app->log->level('warn')->handle(\*STDERR);

hook after_dispatch => sub ($c) { $c->res->headers->header('X-Shown' => 'yes') };

post '/orders' => sub ($c) {
    my $order = $c->req->json;
    $c->log->warn("ordered $order->{item}");
    $c->res->headers->location('/orders/1');
    $c->render(json => {order => $order, cookie => $c->cookie('session'), agent => $c->req->headers->user_agent, taken => true}, status => 201);
};

get '/orders/:id' => [id => qr/\d+/] => sub ($c) {
    $c->render(json => {id => $c->param('id') + 0, query => $c->req->query_params->to_hash, secure => $c->req->is_secure ? true : 0});
};

get '/page' => sub ($c) { $c->render(inline => '<p><%= $name %></p>', name => "<\x{fc}>") };
get '/fail' => sub ($c) { die "no pears left\n" };

Mojo::Server::PSGI->new(app => app)->to_psgi_app;
