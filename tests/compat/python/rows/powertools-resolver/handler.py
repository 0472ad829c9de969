from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

app = APIGatewayHttpResolver()


@app.get("/.+")
@app.post("/.+")
def show():
    return {"path": app.current_event.path}


def handler(event, context):
    return app.resolve(event, context)
