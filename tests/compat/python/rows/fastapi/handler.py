from fastapi import FastAPI
from mangum import Mangum

app = FastAPI()


@app.post("/{path:path}")
async def show(path: str, q: str | None = None):
    return {"path": path, "q": q}


handler = Mangum(app, lifespan="off")
