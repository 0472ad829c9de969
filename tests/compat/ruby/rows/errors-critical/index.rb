class Fatal < Exception; end

$calls = 0

def handler(event:, context:)
  $calls += 1
  case event
  when "count" then $calls
  when "name" then nobody
  when "method" then nil.upcase
  when "constant" then Nowhere
  when "fatal" then raise Fatal, "own, of Exception"
  when "not implemented" then raise NotImplementedError, "later"
  when "stack" then handler(event: event, context: context)
  when "load" then require "nowhere"
  when "memory" then raise NoMemoryError, "none left"
  when "interrupt" then raise Interrupt, "interrupted"
  end
end
