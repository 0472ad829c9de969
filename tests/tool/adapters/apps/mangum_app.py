"""A Starlette application behind Mangum."""
import base64

from mangum import Mangum
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


async def show(request):
    response = JSONResponse(
        {
            "method": request.method,
            "path": request.url.path,
            "query": [list(pair) for pair in request.query_params.multi_items()],
            "cookies": request.cookies,
            "probe": request.headers.getlist("x-probe"),
            "body": base64.b64encode(await request.body()).decode(),
        },
        201,
    )
    response.headers.append("x-multi", "one")
    response.headers.append("x-multi", "two")
    response.set_cookie("a", "b")
    response.set_cookie("c", "d")
    return response


async def binary(request):
    return Response(b"\0\xff\xfe", media_type="application/octet-stream")


methods = ["GET", "POST"]
handler = Mangum(Starlette(routes=[Route("/binary", binary), Route("/{path:path}", show, methods=methods)]), lifespan="off")
