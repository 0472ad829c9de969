import asyncio


async def price(n):
    await asyncio.sleep(0.01)
    return n * 2


async def prices(n):
    return await asyncio.gather(*(price(each) for each in range(n)))


def handler(event, context):
    return asyncio.run(prices(event["n"]))
