/* A language runtime that costs as little as one can: it answers the event N with a stream of the time, and N more chunks of 48 KiB. */
#include "api.h" /* first: it asks for the functions of GNU */

#include <time.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static size_t encode(const char *bytes, size_t length, char *text)
{
	size_t size = 0;
	for (size_t at = 0; at < length; at += 3) {
		unsigned group = (unsigned char)bytes[at] << 16 | (unsigned char)bytes[at + 1] << 8 | (unsigned char)bytes[at + 2];
		for (int shift = 18; shift >= 0; shift -= 6)
			text[size++] = alphabet[group >> shift & 63];
	}
	return size;
}

static void write_text(const char *text, size_t length)
{
	struct iovec part = {(char *)text, length};
	write_all(1, &part, 1);
}

int main(void)
{
	static const char ready[] = "{\"ready\":{\"protocol\":1,\"name\":\"c\",\"version\":\"1\"}}\n";
	static char chunk[65700], bytes[49152], line[200], text[24];
	struct buffer call = {0};
	write_text(ready, sizeof ready - 1);
	for (;;) {
		call.length = 0;
		do
			read_some(0, &call, call.length);
		while (call.bytes[call.length - 1] != '\n');
		char *event = memmem(call.bytes, call.length, ",\"event\":", 9), *id = call.bytes + 7;
		if (!event)
			fail("no event");
		int id_length = strcspn(id, "\""), count = atoi(event + 9);
		struct timespec now;
		clock_gettime(CLOCK_MONOTONIC, &now);
		snprintf(text, sizeof text, "%020lld ", (long long)now.tv_sec * 1000000000 + now.tv_nsec);
		size_t length = snprintf(chunk, sizeof chunk, "{\"id\":\"%.*s\",\"stream\":{}}\n{\"id\":\"%.*s\",\"base64\":\"", id_length, id, id_length, id);
		length += encode(text, 21, chunk + length);
		length += snprintf(chunk + length, sizeof chunk - length, "\"}\n");
		write_text(chunk, length);
		length = snprintf(chunk, sizeof chunk, "{\"id\":\"%.*s\",\"base64\":\"", id_length, id);
		length += encode(bytes, sizeof bytes, chunk + length);
		length += snprintf(chunk + length, sizeof chunk - length, "\"}\n");
		while (count-- > 0)
			write_text(chunk, length);
		write_text(line, snprintf(line, sizeof line, "{\"id\":\"%.*s\",\"end\":true}\n", id_length, id));
	}
}
