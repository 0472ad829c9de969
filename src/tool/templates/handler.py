# An event and a context in, a result out.
def hello(event, context):
    print(f"{context.get_remaining_time_in_millis()} ms left")  # to the log
    return {"message": f"Hello, {event.get('name', 'world')}!"}
