def handler(event:, context:)
  {
    is_context: context.is_a?(LambdaContext),
    id: context.aws_request_id == $_global_aws_request_id,
    names: [context.function_name, context.function_version, context.memory_limit_in_mb, context.log_group_name, context.invoked_function_arn],
    stream: context.log_stream_name.class.name,
    left: context.get_remaining_time_in_millis.between?(1, 30_000),
    deadline: context.deadline_ms.class.name,
    none: [context.identity, context.client_context, context.tenant_id],
    trace: ENV["_X_AMZN_TRACE_ID"],
    event: [event.class.name, event],
    environment: ENV.values_at("_HANDLER", "AWS_LAMBDA_FUNCTION_NAME", "LANG", "TZ"),
    root: [ENV["LAMBDA_TASK_ROOT"] == Dir.pwd, $LOAD_PATH.include?(Dir.pwd)],
    main: [__method__, defined?(Bundler).nil?, $PROGRAM_NAME.class.name],
  }
end
