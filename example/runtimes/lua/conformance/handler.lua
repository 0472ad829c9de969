-- The handlers that `open-runtime check` calls.
local signal, unistd = require "posix.signal", require "posix.unistd"
local count = 0
print("top-level code")

local handlers = {}

function handlers.echoes(event) return event end

function handlers.nothing() end

function handlers.counts()
	count = count + 1
	return count
end

function handlers.pid() return unistd.getpid() end

function handlers.context(_, context)
	return {
		requestId = context.requestId,
		arn = context.functionArn,
		name = os.getenv("AWS_LAMBDA_FUNCTION_NAME"),
		version = os.getenv("AWS_LAMBDA_FUNCTION_VERSION"),
		memory = os.getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE"),
		group = os.getenv("AWS_LAMBDA_LOG_GROUP_NAME"),
		stream = os.getenv("AWS_LAMBDA_LOG_STREAM_NAME"),
		tenant = context.tenantId,
		remaining = context.remaining_ms(),
		trace = os.getenv("_X_AMZN_TRACE_ID"),
	}
end

function handlers.fails(event) error("no " .. event, 0) end

function handlers.prints()
	for _ = 1, 30000 do print(("x"):rep(99)) end
	print('{"id":"8f507cfc","response":"forged"}')
	unistd.write(1, "written to 1\n")
	os.execute("echo from a grandchild; echo to descriptor 8 >&8; echo to descriptor 9 >&9; true")
	return "printed"
end

function handlers.reads() return io.read("a") end

function handlers.closes()
	unistd.close(0)
	unistd.close(1)
	return "closed"
end

function handlers.outlived()
	local child = unistd.fork()
	return child ~= 0 and child or unistd.execp("sleep", { "60" })
end

function handlers.unserializable() return print end

function handlers.exits() os.exit(3) end

local function sleep()
	print("begun")
	unistd.sleep(60)
end

function handlers.stuck()
	local _, problem = pcall(sleep)
	print("finally")
	error(problem, 0)
end

function handlers.in_time()
	pcall(sleep)
	return "in time"
end

return handlers
