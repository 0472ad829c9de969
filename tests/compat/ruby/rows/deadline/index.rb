def handler(event:, context:)
  first = context.get_remaining_time_in_millis
  sleep 0.05
  second = context.get_remaining_time_in_millis
  {
    limit: first.between?(28_000, 30_000),
    falls: (first - second).between?(45, 5_000),
    whole: second.class.name,
    deadline: (context.deadline_ms - Time.now.to_f * 1000 - second).abs < 1_000,
    frozen: context.frozen?,
    methods: %i[aws_request_id client_context deadline_ms function_name function_version get_remaining_time_in_millis identity invoked_function_arn log_group_name log_stream_name memory_limit_in_mb tenant_id].all? { |name| context.respond_to?(name) },
    variables: %w[AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_VERSION AWS_REGION LAMBDA_TASK_ROOT LAMBDA_RUNTIME_DIR TZ].map { |name| ENV.key?(name) },
  }
end
