<?php
set_include_path(__DIR__ . '/vendor');
require_once 'Symfony/Component/HttpKernel/autoload.php';
require_once 'Symfony/Component/Routing/autoload.php';
require_once 'Symfony/Component/EventDispatcher/autoload.php';

use Symfony\Component\EventDispatcher\EventDispatcher;
use Symfony\Component\HttpFoundation\JsonResponse;
use Symfony\Component\HttpFoundation\Request;
use Symfony\Component\HttpFoundation\RequestStack;
use Symfony\Component\HttpFoundation\Response;
use Symfony\Component\HttpKernel\Controller\ArgumentResolver;
use Symfony\Component\HttpKernel\Controller\ControllerResolver;
use Symfony\Component\HttpKernel\Event\ExceptionEvent;
use Symfony\Component\HttpKernel\EventListener\RouterListener;
use Symfony\Component\HttpKernel\Exception\HttpExceptionInterface;
use Symfony\Component\HttpKernel\HttpKernel;
use Symfony\Component\HttpKernel\KernelEvents;
use Symfony\Component\Routing\Matcher\UrlMatcher;
use Symfony\Component\Routing\RequestContext;
use Symfony\Component\Routing\Route;
use Symfony\Component\Routing\RouteCollection;

class Orders
{
    public function create(Request $request): Response
    {
        $order = json_decode($request->getContent(), true, 512, JSON_THROW_ON_ERROR);
        return new JsonResponse(['order' => $order, 'cookie' => $request->cookies->get('session'), 'ip' => $request->getClientIp()], 201);
    }

    public function show(int $id, Request $request): Response
    {
        return new JsonResponse(['id' => $id, 'query' => $request->query->all(), 'secure' => $request->isSecure()]);
    }

    public function fail(): Response
    {
        throw new DomainException('no pears left');
    }
}

$routes = new RouteCollection();
$routes->add('create', new Route('/orders', ['_controller' => [Orders::class, 'create']], [], [], '', [], ['POST']));
$routes->add('show', new Route('/orders/{id}', ['_controller' => [Orders::class, 'show']], ['id' => '\d+']));
$routes->add('fail', new Route('/fail', ['_controller' => [Orders::class, 'fail']]));
$events = new EventDispatcher();
$events->addSubscriber(new RouterListener(new UrlMatcher($routes, new RequestContext()), new RequestStack()));
$events->addListener(KernelEvents::EXCEPTION, function (ExceptionEvent $event): void {
    $error = $event->getThrowable();
    $status = $error instanceof HttpExceptionInterface ? $error->getStatusCode() : 500;
    $event->setResponse(new JsonResponse(['error' => $error::class, 'message' => $error->getMessage()], $status));
});
return new HttpKernel($events, new ControllerResolver(), new RequestStack(), new ArgumentResolver());
