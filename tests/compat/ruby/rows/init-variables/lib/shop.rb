require "lib/other"
DATA_FILE = File.read("#{ENV["LAMBDA_TASK_ROOT"]}/data.txt").strip
Shop = Struct.new(:name)
