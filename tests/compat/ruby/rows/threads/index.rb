require "concurrent"

Thread.report_on_exception = false
POOL = Concurrent::FixedThreadPool.new(3)
TICKS = Concurrent::AtomicFixnum.new
TIMER = Concurrent::TimerTask.new(execution_interval: 0.02) { TICKS.increment }.tap(&:execute)
QUEUE = Queue.new
CONSUMER = Thread.new { loop { QUEUE.pop.call } } # lives between invocations

def handler(event:, context:)
  case event
  when "threads"
    8.times.map { |n| Thread.new { puts "worked"; n * n } }.map(&:value)
  when "pool" then 8.times.map { |n| Concurrent::Future.execute(executor: POOL) { n * n } }.map(&:value)
  when "promises" then Concurrent::Promises.zip(Concurrent::Promises.future { 1 }, Concurrent::Promises.future { 2 }).then { |a, b| a + b }.value!
  when "rejected" then Concurrent::Promises.future { raise ArgumentError, "of a promise" }.value!
  when "raised" then Thread.new { raise KeyError, "of a thread" }.join
  when "consumer"
    done = Queue.new
    QUEUE << -> { done << Thread.current.equal?(CONSUMER) }
    done.pop
  when "timer"
    before = TICKS.value
    sleep 0.2
    TICKS.value > before
  when "local" then [Thread.current[:seen], Thread.current[:seen] = true]
  when "fork"
    read, write = IO.pipe
    child = fork { write.puts "of a child"; exit!(0) }
    write.close
    Process.wait(child)
    [read.read, $?.exitstatus]
  when "fiber" then Fiber.new { |n| Fiber.yield(n) + 1 }.then { |fiber| [fiber.resume(1), fiber.resume(2)] }
  when "ractor"
    $VERBOSE = nil
    Ractor.new(20) { |n| n + 22 }.take
  when "timeout" then Timeout.timeout(0.05) { sleep }
  end
end
