def stops(event:, context:)
  secret = 40 + 2
  debugger
  { secret: secret, has: event.keys }
end

def plain(event:, context:)
  secret = 40 + 2
  { secret: secret, has: event.keys }
end
