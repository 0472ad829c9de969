from mangum import Mangum
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route


async def show(request):
    return JSONResponse({"path": request.url.path, "method": request.method})


handler = Mangum(Starlette(routes=[Route("/{path:path}", show, methods=["GET", "POST"])]), lifespan="off")
