/* The floor of our own design: HTTP on one side, and the lines of a language runtime on the other. It passes each event on without a
   look at it, and has no deadlines, no errors and no signals. usage: bridge LANGUAGE_RUNTIME */
#include "child.h"

int main(int count, char **arguments)
{
	static const char prefix[] = "{\"id\":\"1\",\"response\":";
	struct buffer buffer = {0}, line = {0};
	if (count < 2)
		return 2;
	struct child child = start_child(arguments + 1);
	int api = connect_to_api();
	read_line(&child, &line);
	for (;;) {
		struct invocation invocation = next_invocation(api, &buffer);
		send_call(&child, &invocation);
		read_line(&child, &line);
		respond(api, &invocation, line.bytes + sizeof prefix - 1, line.length - sizeof prefix - 1);
	}
}
