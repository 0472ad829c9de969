import asyncio


async def handler(event, context):
    await asyncio.sleep(0.01)
    return event["n"] * 2
