"""One event loop for all invocations, so that clients that user code keeps go on working. Only for async handlers."""
import asyncio
import atexit
import sys
import warnings

loop = None
task = None  # the handler's, while it is running
timeout = None  # why the task was cancelled


def run(awaitable):
    global task, timeout
    try:
        task = asyncio.ensure_future(awaitable, loop=get())
        return loop.run_until_complete(task)
    except asyncio.CancelledError:
        raise timeout or sys.exc_info()[1]
    finally:
        task = timeout = None


def interrupt(reason):
    """Raises the reason in the handler if it is running. If it is waiting, cancels its task, and keeps the task's stack."""
    global timeout
    if task is None or asyncio.current_task(loop) is task:
        raise reason
    from open_runtime import failures

    timeout = reason
    timeout.stack_trace = failures.describe_task(task)
    loop.call_soon_threadsafe(task.cancel)


def get():
    """Returns the loop that top-level code has made, or a new one."""
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
    """Cancels the tasks that are left, as asyncio.run does."""
    if loop is None or loop.is_closed():
        return
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()
