import http.client
import urllib.error
import urllib.request


def handler(event, context):
    origin = f"127.0.0.1:{event['port']}"
    connection = http.client.HTTPConnection(origin)
    outcomes = []
    for path in "/first", "/second":
        connection.request("GET", f"{path}?SECRET", headers={"authorization": "SECRET"})
        response = connection.getresponse()
        outcomes.append([response.status, response.read().decode()])
    with urllib.request.urlopen(f"http://{origin}/urllib?SECRET", data=b"SECRET") as response:
        outcomes.append(response.status)
    for url in f"http://{origin}/missing/", "http://127.0.0.1:9/refused":
        try:
            urllib.request.urlopen(url)
        except urllib.error.HTTPError as error:
            error.close()
            outcomes.append(error.code)
        except urllib.error.URLError as error:
            outcomes.append(type(error.reason).__name__)
    connection.close()
    return outcomes


async def quiet(event, context):
    return context.aws_request_id == event or "another"
