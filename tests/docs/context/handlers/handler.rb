# Returns what the context shows, as pairs of a path and a value.
def show(event:, context:)
  found = context.class.instance_methods(false).flat_map { |name| members(name.to_s, context.public_send(name)) }
  trace_id = ENV["_X_AMZN_TRACE_ID"]
  trace_id ? [*found, ["$_X_AMZN_TRACE_ID", trace_id]] : found
end

def members(path, value)
  return [[path, value]] unless value.is_a?(Hash)

  value.flat_map { |name, each| members("#{path}[\"#{name}\"]", each) }
end
