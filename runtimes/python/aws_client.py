"""Stands for the module of AWS's client that agents patch: Sentry looks for `__main__.bootstrap`, Lumigo for
`awslambdaric.bootstrap`. Imported when an agent looks for it. From then on each call passes through this module. Signatures and
names are AWS's.
"""
import atexit

import open_runtime

own_names = globals()  # looked up at each call, because agents replace members
_get_handler = open_runtime.find_handler
answer, write_response, write_init_error = open_runtime.answer, open_runtime.write_response, open_runtime.write_init_error


class LambdaRuntimeClient:
    def post_invocation_result(self, invoke_id, result_data, content_type="application/json", invocation_id=None):
        write_response("response", result_data, invoke_id)

    def post_invocation_error(self, invoke_id, error_response_data, xray_fault, invocation_id=None):
        write_response("error", error_response_data, invoke_id)

    def post_init_error(self, error_response_data, error_type_override=None):
        atexit._run_exitfuncs()  # lets agents send their data: once the error is written, little time is left
        write_init_error(open_runtime.encode(error_response_data))


client = LambdaRuntimeClient()


def handle_event_request(lambda_runtime_client, request_handler, invoke_id, event_body, *_, **__):
    """Answers a call. Other than in AWS's client, the event is already parsed."""
    answer(request_handler, invoke_id, event_body, call_context)


def pass_through(handler, request_id, event, context):
    global call_context
    call_context = context
    given = context and context.__dict__ or {}
    own_names["handle_event_request"](
        client,
        handler,
        request_id,
        event,
        "application/json",
        None,
        None,
        given.get("invoked_function_arn"),
        given.get("_epoch_deadline_time_in_ms"),
        given.get("tenant_id"),
        None,
    )


def post(member, json, request_id):
    if member == "response":
        client.post_invocation_result(request_id, json)
    else:
        client.post_invocation_error(request_id, json, "")


open_runtime.answer, open_runtime.write_response = pass_through, post
open_runtime.write_init_error = lambda json: client.post_init_error(open_runtime.decode(json))
