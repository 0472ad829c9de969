import threading
from concurrent.futures import ThreadPoolExecutor

lock = threading.Lock()
seen = []


def work(n):
    with lock:
        seen.append(n)
    print("worked")
    return n * n


def handler(event, context):
    with ThreadPoolExecutor(4) as pool:
        return {"squares": list(pool.map(work, range(8))), "seen": sorted(seen)}
