def stops(event, context):
    secret = 40 + 2
    breakpoint()
    return {"secret": secret, "has": list(event)}


def plain(event, context):
    secret = 40 + 2
    return {"secret": secret, "has": list(event)}


async def stops_async(event, context):
    secret = 40 + 2
    return {"secret": secret, "has": list(event)}
