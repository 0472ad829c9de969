import asyncio

import asgi
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

app = FastAPI()


async def items():
    for number in range(3):
        yield f"data: {number}\n\n"
        await asyncio.sleep(0.01)


@app.get("/events")
async def events():
    return StreamingResponse(items(), media_type="text/event-stream")


@app.get("/sync")
def sync():
    return StreamingResponse(iter([b"\0", b"\xff"]), status_code=206)


@app.post("/echo")
async def echo(request: Request, response: Response, q: str):
    response.set_cookie("one", "1")
    response.set_cookie("two", "2")
    return {"q": q, "body": (await request.body()).decode(), "cookie": request.cookies.get("c")}


async def breaks():
    yield "begun"
    raise ValueError("no pears")


@app.get("/breaks")
async def breaks_off():
    return StreamingResponse(breaks())


@app.get("/fails")
async def fails():
    raise KeyError("pears")


handler = asgi.stream(app)
