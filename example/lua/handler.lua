-- A handler: an event and a context in, a result out.
local json = require "dkjson"

local function hello(event, context)
	-- An event of an AWS service comes as a CloudEvent, with what AWS sent in `data`. Any other JSON comes as it is.
	local data = event.specversion and event.data or event
	local query = data.queryStringParameters
	local name = query and query ~= json.null and query.name or data.name or "world"

	print(context.remaining_ms() .. " ms left") -- to the log
	return { message = "Hello, " .. name .. "!", event = event.type or "free-form JSON" }
end

return { hello = hello }
