import os

import requests


def handler(event, context):
    return requests.get(os.environ["URL"] + "/echo", timeout=5).status_code
