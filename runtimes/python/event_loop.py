"""One event loop for all invocations, so that clients that user code keeps go on working. For async handlers alone."""
import asyncio
import atexit
import warnings

loop = None


def run(awaitable):
    return get().run_until_complete(awaitable)


def get():
    """The loop that top-level code has made, or else a new one."""
    global loop
    if loop is None or loop.is_closed():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            try:
                loop = asyncio.get_event_loop()
            except RuntimeError:
                loop = asyncio.new_event_loop()
                asyncio.set_event_loop(loop)
    return loop


@atexit.register
def close():
    """Ends what is still under way, as asyncio.run does."""
    if loop is None or loop.is_closed():
        return
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
