# A handler as on AWS: an event and a context in, a result out.
def hello(event, context):
    # An event of an AWS service comes as a CloudEvent, with what AWS sent in `data`. Any other JSON comes as it is.
    data = event["data"] if "specversion" in event else event
    query = data.get("queryStringParameters") or {}
    name = query.get("name") or data.get("name") or "world"

    print(f"{context.get_remaining_time_in_millis()} ms left")  # to the log
    return {"message": f"Hello, {name}!", "event": event.get("type", "free-form JSON")}
