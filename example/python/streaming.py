# Streams a page: the caller gets each line when it is made.
import time


def lines(event, context):
    def body():
        for number in range(3):
            yield f"line {number}\n"
            time.sleep(0.1)

    return {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": body()}
