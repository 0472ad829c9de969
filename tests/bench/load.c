/* Invokes a function as fast as it answers, over connections that stay open, and counts the answers.

   usage: load PORT PATH CONNECTIONS SECONDS
   Each event is a text of its own, "#NUMBER#". An answer must be status 200 with this text in it; after a 429, which is counted,
   the event is sent again. At the end all that was sent has been answered. The result is one JSON object on stdout. If
   something else comes, the reason is on stderr, and the exit status is 1. */
#include "api.h"
#include <poll.h>
#include <time.h>

enum { CONNECTIONS = 512 };

/* The seconds before an event that was throttled is sent again. */
static const double BACKOFF = 0.01;

struct caller {
	struct buffer answer;
	unsigned long number;
	double again; /* when it sends its event again, as it was throttled; or 0 */
};

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static void wrong(const char *what, const struct buffer *answer)
{
	fprintf(stderr, "load: %s: %.*s\n", what, (int)answer->length, answer->bytes);
	exit(1);
}

static int dial(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address))
		fail("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}

static void ask(int fd, const char *path, unsigned long number)
{
	char event[32], request[512];
	int length = snprintf(event, sizeof event, "\"#%lu#\"", number);
	int size = snprintf(request, sizeof request, "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", path, length, event);
	struct iovec part = {request, size};
	write_all(fd, &part, 1);
}

/* Returns the status when the whole answer has come, and 0 before. */
static int take(struct caller *caller)
{
	struct buffer *answer = &caller->answer;
	if (answer->length < 12)
		return 0;
	answer->bytes[answer->length] = 0; /* read_some leaves room */
	char *end = strstr(answer->bytes, "\r\n\r\n");
	if (!end)
		return 0;
	char *length = strcasestr(answer->bytes, "\r\ncontent-length:"), *chunked = strcasestr(answer->bytes, "\r\ntransfer-encoding:");
	const char *body = end + 4;
	size_t got = answer->bytes + answer->length - body;
	if (length && length < end) {
		if (got < strtoul(length + 17, NULL, 10))
			return 0;
	} else if (!chunked || !strstr(body, "0\r\n\r\n")) {
		return 0;
	}
	int status = atoi(answer->bytes + 9);
	char event[32];
	snprintf(event, sizeof event, "#%lu#", caller->number);
	if (status != 429 && (status != 200 || !strstr(body, event)))
		wrong("not the answer to this event", answer);
	return status;
}

int main(int count, char **arguments)
{
	if (count != 5)
		return fprintf(stderr, "usage: load PORT PATH CONNECTIONS SECONDS\n"), 2;
	int connections = atoi(arguments[3]);
	static struct caller callers[CONNECTIONS];
	static struct pollfd fds[CONNECTIONS];
	unsigned long next = 0, answers = 0, throttled = 0;
	if (connections < 1 || connections > CONNECTIONS)
		return fprintf(stderr, "load: 1 to %d connections\n", CONNECTIONS), 2;
	for (int i = 0; i < connections; i++) {
		fds[i] = (struct pollfd){dial(atoi(arguments[1])), POLLIN, 0};
		callers[i].number = ++next;
		ask(fds[i].fd, arguments[2], callers[i].number);
	}
	double start = now(), end = start + atof(arguments[4]), at = start;
	for (int busy = connections; busy;) {
		if (poll(fds, connections, 1) < 0)
			fail("poll");
		at = now();
		for (int i = 0; i < connections; i++) {
			struct caller *caller = &callers[i];
			if (fds[i].revents) {
				read_some(fds[i].fd, &caller->answer, 0);
				int status = take(caller);
				if (!status)
					continue;
				caller->answer.length = 0;
				caller->again = status == 429 ? at + BACKOFF : 0;
				*(status == 429 ? &throttled : &answers) += 1;
				if (status == 200 && at >= end) {
					fds[i].fd = -1; /* poll ignores it from now on */
					busy--;
					continue;
				}
				if (status == 200) {
					caller->number = ++next;
					ask(fds[i].fd, arguments[2], caller->number);
				}
			} else if (caller->again > 0 && at >= caller->again) {
				caller->again = 0;
				ask(fds[i].fd, arguments[2], caller->number);
			}
		}
	}
	printf("{\"answers\": %lu, \"throttled\": %lu, \"seconds\": %.3f, \"perSecond\": %.0f}\n", answers, throttled, at - start, answers / (at - start));
	return 0;
}
