/* A language runtime that costs as little as one can: it answers each event with itself. */
#include "api.h"

static const char ready[] = "{\"ready\":{\"protocol\":1,\"name\":\"c\",\"version\":\"1\"}}\n";

/* Finds the last occurrence. The context follows the event, and has no such text in it. */
static const char *last(const struct buffer *line, const char *text, size_t length)
{
	for (const char *at = line->bytes + line->length - length; at > line->bytes; at--)
		if (*at == *text && !memcmp(at, text, length))
			return at;
	fail("no context");
	return NULL;
}

int main(void)
{
	static const char start[] = ",\"event\":", end[] = ",\"context\":{";
	struct buffer line = {0};
	struct iovec first = {(char *)ready, sizeof ready - 1};
	write_all(1, &first, 1);
	for (;;) {
		line.length = 0;
		do
			read_some(0, &line, line.length);
		while (line.bytes[line.length - 1] != '\n');
		char *event = memmem(line.bytes, line.length, start, sizeof start - 1);
		if (!event)
			fail("no event");
		const char *event_end = last(&line, end, sizeof end - 1);
		struct iovec parts[] = {
			{line.bytes, event - line.bytes},
			{",\"response\":", 12},
			{event + sizeof start - 1, event_end - event - (sizeof start - 1)},
			{"}\n", 2},
		};
		write_all(1, parts, 4);
	}
}
