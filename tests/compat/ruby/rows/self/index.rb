@in_file = 1
$global = 2
CONSTANT = 3

def handler(event:, context:)
  @calls = (@calls || 0) + 1
  { in_file: @in_file, global: $global, constant: CONSTANT, calls: @calls, helper: helper, frozen: frozen? }
end

def helper = @in_file
