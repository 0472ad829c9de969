"""The client context of a call as objects. Imported at the first call that has one."""
from open_runtime import Members

NAMES = "installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"
W3C = "traceparent", "tracestate", "baggage"


class Client(Members):
    pass


class ClientContext(Members):
    pass


def add(context, given):
    """`client`, `custom` and `env` to context.client_context; the trace context to what context.w3c() tells."""
    client = given.get("client")
    context.client_context = ClientContext(
        custom=given.get("custom"),
        env=given.get("env"),
        client=None if client is None else Client(**{name: client.get(name) for name in NAMES}),
    )
    fields = given.get("w3c")
    if isinstance(fields, dict):
        context._w3c_fields = {name: fields[name] for name in W3C if isinstance(fields.get(name), str)}
