def handler(event:, context:)
  print "printed", "\n"
  p "inspected", nil
  pp({ a: 1 })
  $stdout.puts "stdout"
  $stdout << "appended\n"
  $stderr.puts "stderr"
  warn "warned"
  STDOUT.write("written\n")
  system("echo of a child")
  puts "one", ["two", ["three"]], 4
  puts nil
  puts
  puts "ends with\n"
  puts :symbol, "ü"
  "ok"
end
