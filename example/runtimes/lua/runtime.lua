-- Runs handlers in Lua 5.3 and 5.4: the table that handler.lua returns has the function `hello` of `handler.hello`.
package.path, package.cpath = package.path .. ";/opt/lua/share/?.lua", package.cpath .. ";/opt/lua/lib/?.so"
local json = require "dkjson"
local fcntl, signal, stdio = require "posix.fcntl", require "posix.signal", require "posix.stdio"
local stdlib, time, unistd = require "posix.stdlib", require "posix.time", require "posix.unistd"
local exit, stdout, own_file = os.exit, io.stdout, debug.getinfo(1, "S").short_src
local is_running, deadline_ms, phase = false, nil, nil -- phase: the type of an error that is not the handler's

local function fail(kind, message) error({ errorType = kind, errorMessage = message }, 0) end

local function load_handler(name)
	local path, member = name:match("^(.*[^/])%.([^./]+)$")
	local file = (path or fail("Runtime.MalformedHandlerName", ("%q is not [folder/]file.function"):format(name))) .. ".lua"
	local opened = io.open(file) or fail("Runtime.ImportModuleError", ("there is no %s in %s"):format(file, unistd.getcwd()))
	local code, problem = load(opened:read("a"), "@" .. file)
	if not code then fail("Runtime.UserCodeSyntaxError", problem) end
	os.exit = function(status) exit(math.type(status) == "integer" and status ~= 0 and status or 1) end -- no success before `ready`
	local module = code()
	os.exit = exit
	local handler = type(module) == "table" and module[member]
	return handler or fail("Runtime.HandlerNotFound", ("%s returns no table with %s"):format(file, member))
end

-- dkjson would write 14 digits of a number, and null for one that is not finite.
local function write_scalar(value)
	local kind = math.type(value) or type(value)
	if value == nil or value == json.null then return "null" end
	if kind == "string" then return json.quotestring(value) end
	if kind == "boolean" or kind == "integer" then return tostring(value) end
	local text = kind == "float" and value - value == 0 and ("%.15g"):format(value) or error("JSON cannot hold " .. tostring(value), 0)
	return tonumber(text) == value and text or ("%.17g"):format(value)
end

local function write_value(value, out)
	local is_table, mark, comma = type(value) == "table" and value ~= json.null, (getmetatable(value) or {}).__jsontype, ""
	local is_array = mark == "array" or mark ~= "object" and is_table and #value > 0
	out[#out + 1] = is_array and "[" or is_table and "{" or write_scalar(value)
	for key, item in (is_array and ipairs or pairs)(is_table and value or {}) do
		out[#out + 1], comma = comma .. (is_array and "" or json.quotestring(key) .. ":"), ","
		write_value(item, out)
	end
	out[#out + 1] = is_array and "]" or is_table and "}" or ""
end

local function write_response(value)
	local out = {}
	write_value(value, out)
	local text = table.concat(out)
	return utf8.len(text) and not text:find("\xed[\xa0-\xbf]") and text or error("a text is not UTF-8", 0)
end

-- Called where the error is. An error may be a table with errorType and errorMessage.
local function describe_error(value)
	local fields, stack = type(value) == "table" and value or {}, setmetatable({}, { __jsontype = "array" })
	for frame in debug.traceback("", 2):gmatch("\n\t([^\n]+)") do
		if frame:find("^[^[(]") and not frame:find(own_file, 1, true) then stack[#stack + 1] = frame end
	end
	local message = tostring(fields.errorMessage or value)
	local kind = fields.errorType or phase or message:find("module '.-' not found:") and "Runtime.ImportModuleError" or "Error"
	message = utf8.len(message) and message or message:gsub("[\x80-\xff]", "?")
	return { errorType = tostring(kind), errorMessage = message, stackTrace = stack }
end

local function remaining_ms()
	local now = time.clock_gettime(time.CLOCK_REALTIME)
	return deadline_ms and math.max(0, deadline_ms - now.tv_sec * 1000 - now.tv_nsec // 1000000)
end

-- luaposix catches what this would raise. So a hook raises it, before the next instruction of the handler.
local function stop_handler()
	debug.sethook(function()
		debug.sethook()
		if is_running then fail("Function.Timeout", "the handler was stopped by SIGTERM") end
	end, "", 1)
end

local function call_handler(handler, line)
	phase = "Runtime.UnmarshalError"
	local call, _, problem = json.decode(utf8.len(line) and line or error("the event is not UTF-8", 0), 1, json.null)
	local context = type(call) == "table" and call.context or error(problem, 0)
	context.remaining_ms, deadline_ms = remaining_ms, context.deadlineMs
	stdlib.setenv("_X_AMZN_TRACE_ID", context.traceId)
	signal.signal(signal.SIGTERM, stop_handler)
	is_running, phase = true, nil
	local response = handler(call.event, context)
	is_running, phase = false, "Runtime.MarshalError"
	return write_response(response)
end

local function end_process() exit(0, true) end

-- Moves a pipe of the protocol to a descriptor of our own, and puts `replacement` in its place.
local function take(descriptor, mode, replacement)
	local own = unistd.dup(descriptor)
	fcntl.fcntl(own, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
	fcntl.fcntl(own, fcntl.F_SETFL, fcntl.fcntl(own, fcntl.F_GETFL) & ~fcntl.O_NONBLOCK)
	unistd.dup2(replacement, descriptor)
	return stdio.fdopen(own, mode)
end

local input, output = take(0, "r", fcntl.open("/dev/null", fcntl.O_RDONLY)), take(1, "w", 2)
stdout:setvbuf("line")
local is_loaded, handler = xpcall(load_handler, describe_error, arg[1])
signal.signal(signal.SIGTERM, end_process)
local ready = ('"ready":{"protocol":1,"name":"lua","version":"%s"}'):format(_VERSION:match("[%d.]+"))
output:write("{", is_loaded and ready or '"error":' .. write_response(handler), "}\n"):flush()
if not is_loaded then exit(1, true) end
for line in input:lines() do
	local is_done, result = xpcall(call_handler, describe_error, handler, line)
	signal.signal(signal.SIGTERM, signal.SIG_IGN)
	is_running = false
	pcall(stdout.flush, stdout)
	local member = is_done and '"response":' .. result or '"error":' .. write_response(result)
	output:write(line:match('^{"id":"[^"]*",'), member, "}\n"):flush()
	if (remaining_ms() or math.huge) > tonumber(os.getenv("SLSGRACE") or 0) then signal.signal(signal.SIGTERM, end_process) end
end
