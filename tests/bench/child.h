/* The language runtime as a child: for bridge.c and bridge_stream.c. */
#include "api.h" /* first: it asks for the functions of GNU */

#include <fcntl.h>

struct child {
	int in, out;
};

static struct child start_child(char **command)
{
	int in[2], out[2];
	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		fail("pipe2");
	pid_t pid = vfork();
	if (pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execv(command[0], command);
		_exit(127);
	}
	if (pid < 0)
		fail("vfork");
	close(in[0]);
	close(out[1]);
	return (struct child){in[1], out[0]};
}

static void read_line(struct child *child, struct buffer *line)
{
	line->length = 0;
	do
		read_some(child->out, line, line->length);
	while (line->bytes[line->length - 1] != '\n');
}

static void send_call(struct child *child, const struct invocation *invocation)
{
	static const char head[] = "{\"id\":\"1\",\"event\":";
	char tail[200];
	int length = snprintf(tail, sizeof tail, ",\"context\":{\"requestId\":\"%.*s\"}}\n", (int)invocation->id_length, invocation->id);
	struct iovec parts[] = {{(char *)head, sizeof head - 1}, {(char *)invocation->event, invocation->length}, {tail, length}};
	write_all(child->in, parts, 3);
}

/* Has the language runtime that the arguments name answer each event. `answer` passes its answer on. */
static int serve(int count, char **arguments, void (*answer)(struct child *, int api, const struct invocation *))
{
	struct buffer buffer = {0}, line = {0};
	if (count < 2)
		return 2;
	struct child child = start_child(arguments + 1);
	int api = connect_to_api();
	read_line(&child, &line);
	for (;;) {
		struct invocation invocation = next_invocation(api, &buffer);
		send_call(&child, &invocation);
		answer(&child, api, &invocation);
	}
}
