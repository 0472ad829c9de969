"""Makes objects of the client context of a call. Imported at the first call that has one."""
from open_runtime import Members

NAMES = "installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"
W3C = "traceparent", "tracestate", "baggage"


class Client(Members):
    pass


class ClientContext(Members):
    pass


def add(context, given):
    """Sets context.client_context, with `client`, `custom` and `env`, and the trace context that context.w3c() returns."""
    client = given.get("client")
    context.client_context = ClientContext(
        custom=given.get("custom"),
        env=given.get("env"),
        client=None if client is None else Client(**{name: client.get(name) for name in NAMES}),
    )
    fields = given.get("w3c")
    if isinstance(fields, dict):
        context._w3c_fields = {name: fields[name] for name in W3C if isinstance(fields.get(name), str)}
