def handler(event:, context:)
  case event
  when "exit" then exit
  when "exit 3" then exit 3
  when "abort" then abort "aborted"
  when "exit!" then exit! 4
  end
end
