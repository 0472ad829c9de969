/* bridge.c for responses that are streamed: it sends each line of the child as it comes, and has no deadlines, no errors and no signals.
   usage: bridge_stream LANGUAGE_RUNTIME */
#include "child.h"

static int digit(unsigned char letter)
{
	if (letter >= 'a')
		return letter - 'a' + 26;
	if (letter >= 'A')
		return letter - 'A';
	if (letter >= '0')
		return letter - '0' + 52;
	return letter == '+' ? 62 : 63;
}

/* In its place. */
static size_t decode(char *text, size_t length)
{
	size_t size = 0;
	for (size_t at = 0; at + 3 < length; at += 4) {
		unsigned group = digit(text[at]) << 18 | digit(text[at + 1]) << 12 | digit(text[at + 2]) << 6 | digit(text[at + 3]);
		text[size++] = group >> 16;
		if (text[at + 2] != '=')
			text[size++] = group >> 8;
		if (text[at + 3] != '=')
			text[size++] = group;
	}
	return size;
}

static void begin(int api, const struct invocation *invocation)
{
	char head[600];
	int length = snprintf(head, sizeof head,
			      "POST /2018-06-01/runtime/invocation/%.*s/response HTTP/1.1\r\nHost: localhost\r\n"
			      "Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n"
			      "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\nConnection: close\r\n\r\n",
			      (int)invocation->id_length, invocation->id);
	struct iovec part = {head, length};
	write_all(api, &part, 1);
}

/* True at the end. */
static int send_line(int api, char *line, size_t length)
{
	static const char prefix[] = "{\"id\":\"1\",\"base64\":\"";
	if (length < sizeof prefix || memcmp(line, prefix, sizeof prefix - 1))
		return memmem(line, length, "\"end\":", 6) != NULL;
	char size[20];
	length = decode(line + sizeof prefix - 1, length - (sizeof prefix - 1) - 3);
	struct iovec parts[] = {{size, snprintf(size, sizeof size, "%zx\r\n", length)}, {line + sizeof prefix - 1, length}, {"\r\n", 2}};
	write_all(api, parts, 3);
	return 0;
}

/* On a connection of its own, which is opened when the head shows that this is a stream. */
static void stream(struct child *child, int asking, const struct invocation *invocation)
{
	static struct buffer lines, answer;
	int api = -1, is_over = 0;
	(void)asking;
	size_t taken = 0;
	while (!is_over) {
		char *end = lines.length > taken ? memchr(lines.bytes + taken, '\n', lines.length - taken) : NULL;
		if (end) {
			if (api < 0) { /* the head: only now it is known that this is a stream */
				api = connect_to_api();
				begin(api, invocation);
			} else {
				is_over = send_line(api, lines.bytes + taken, end + 1 - lines.bytes - taken);
			}
			taken = end + 1 - lines.bytes;
			continue;
		}
		lines.length -= taken;
		memmove(lines.bytes, lines.bytes + taken, lines.length);
		taken = 0;
		read_some(child->out, &lines, 0);
	}
	lines.length = 0;
	struct iovec last = {"0\r\n\r\n", 5};
	write_all(api, &last, 1);
	read_answer(api, &answer);
	close(api);
}

int main(int count, char **arguments)
{
	return serve(count, arguments, stream);
}
