from apig_wsgi import make_lambda_handler
from flask import Flask, request

app = Flask(__name__)


@app.route("/<path:path>", methods=["GET", "POST"])
def show(path):
    app.logger.warning("asked for %s", path)
    return {"path": path, "method": request.method}


handler = make_lambda_handler(app)
