/* The least that can speak Lambda's Runtime API: for floor.c and bridge.c. */
#pragma once
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

struct buffer {
	char *bytes;
	size_t length, capacity;
};

/* The answer to GET /next. Both texts are parts of the buffer. */
struct invocation {
	const char *id, *event;
	size_t id_length, length;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* Reads some more, at most this much more if it is known. */
static void read_some(int fd, struct buffer *buffer, size_t expected)
{
	size_t room = expected > 65536 ? expected : 65536;
	if (buffer->capacity < buffer->length + room) {
		buffer->capacity = buffer->length + room + 65536;
		buffer->bytes = realloc(buffer->bytes, buffer->capacity);
		if (!buffer->bytes)
			fail("realloc");
	}
	ssize_t got = read(fd, buffer->bytes + buffer->length, buffer->capacity - buffer->length);
	if (got <= 0)
		fail("read");
	buffer->length += got;
}

static void write_all(int fd, struct iovec *parts, int count)
{
	while (count) {
		ssize_t sent = writev(fd, parts, count);
		if (sent < 0)
			fail("writev");
		for (; count && (size_t)sent >= parts->iov_len; parts++, count--)
			sent -= parts->iov_len;
		if (count) {
			parts->iov_base = (char *)parts->iov_base + sent;
			parts->iov_len -= sent;
		}
	}
}

static int connect_to_api(void)
{
	const char *api = getenv("AWS_LAMBDA_RUNTIME_API");
	char host[64];
	int port;
	if (!api || sscanf(api, "%63[^:]:%d", host, &port) != 2)
		fail("AWS_LAMBDA_RUNTIME_API");
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
	inet_pton(AF_INET, host, &address.sin_addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		fail("connect");
	int one = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

/* Reads one answer. Returns where its body begins. */
static size_t read_answer(int api, struct buffer *buffer)
{
	char *end, *header;
	buffer->length = 0;
	do
		read_some(api, buffer, 0);
	while (!(end = memmem(buffer->bytes, buffer->length, "\r\n\r\n", 4)));
	size_t head = end + 4 - buffer->bytes;
	end[2] = 0;
	header = strcasestr(buffer->bytes, "\r\nContent-Length:");
	size_t length = header ? strtoul(header + 17, NULL, 10) : 0;
	while (buffer->length < head + length)
		read_some(api, buffer, head + length - buffer->length);
	return head;
}

static struct invocation next_invocation(int api, struct buffer *buffer)
{
	static const char request[] = "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: localhost\r\n\r\n";
	struct iovec part = {(char *)request, sizeof request - 1};
	write_all(api, &part, 1);
	size_t head = read_answer(api, buffer);
	const char *id = strcasestr(buffer->bytes, "\r\nLambda-Runtime-Aws-Request-Id:");
	if (!id)
		fail("no request id");
	id += 32;
	id += strspn(id, " ");
	return (struct invocation){id, buffer->bytes + head, strcspn(id, "\r"), buffer->length - head};
}

/* Posts the response, and reads what the API says to it. */
static void respond(int api, const struct invocation *invocation, const char *response, size_t length)
{
	static struct buffer answer;
	char head[300];
	int head_length = snprintf(head, sizeof head,
				   "POST /2018-06-01/runtime/invocation/%.*s/response HTTP/1.1\r\nHost: localhost\r\n"
				   "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
				   (int)invocation->id_length, invocation->id, length);
	struct iovec parts[] = {{head, head_length}, {(char *)response, length}};
	write_all(api, parts, 2);
	read_answer(api, &answer);
}
