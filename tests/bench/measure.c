/* Plays Lambda's Runtime API for one program, and measures it: its start, its first invocation, warm ones, CPU time, memory.
   Without an event, the program needs no Runtime API: how long it takes from its start to its end is measured.

   usage: measure [OPTION VALUE]… [EVENT…] -- PROGRAM [ARGUMENT…]
     --cpu N        pins itself and the program to this CPU
     --log FILE     gets what the program prints; default: /dev/null
     --keep FOLDER  gets the last response to each event, as FOLDER/NAME
     --limit-s N    the longest wait for the program, in seconds; default: 60
   EVENT is NAME:FILE:SKIP:COUNT: the file is the event of SKIP invocations that do not count, and then of COUNT that do.

   The result is one JSON object on stdout. Times are in microseconds, memory is in KB. "cold" lasts from before fork to the first
   GET /next, or to the end of a program that gets no event, "first" from the first event to the end of its response, and so does the
   latency of later invocations. "cycle" lasts until the next GET /next. "cpu" is the CPU time of the whole tree of processes, an average. "pss" is the kernel's figure of the tree's
   memory, and "memory" is what that would be if no other process had the same libraries. Each later event is sent as soon as
   it is asked for. If something goes wrong, the reason is on stderr, and the exit status is 1. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS = 64, PROCESSES = 256, EVENTS = 32 };

/* A connection of the program, and the bytes of its present request. */
struct connection {
	int fd;
	char *bytes;
	size_t length, capacity;
	size_t head;      /* the length of the request's head, or 0 if it is not complete */
	size_t wanted;    /* the length of the body, if it is known */
	size_t decoded;   /* of a chunked body: up to here in bytes, it is decoded */
	size_t chunk_at;  /* of a chunked body: here in bytes, the next chunk begins */
	bool chunked;
};

struct event {
	char *name;
	char *bytes;
	size_t length;
	long skip, count;
};

struct options {
	int cpu;
	long limit_ms;
	const char *log, *keep;
	struct event events[EVENTS];
	int event_count;
	char **command;
};

enum kind { NEXT, RESPONSE, FAILURE, OTHER };

static struct options options = {.cpu = -1, .limit_ms = 60000, .log = "/dev/null"};
static struct connection connections[CONNECTIONS];
static int epoll, listener, program_pidfd;
static pid_t program;
static long invocations;

static void stop_program(void);

static double now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static void die(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fprintf(stderr, "measure: ");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, "\n");
	va_end(arguments);
	stop_program();
	exit(1);
}

static int checked(int result, const char *what)
{
	if (result < 0)
		die("cannot %s: %s", what, strerror(errno));
	return result;
}

static void *allocate(void *old, size_t length)
{
	void *new = realloc(old, length);
	if (!new)
		die("no memory for %zu bytes", length);
	return new;
}

/* The arguments. */

static void usage(void)
{
	fprintf(stderr, "usage: measure [--cpu N] [--log FILE] [--keep FOLDER] [--limit-s N] [NAME:FILE:SKIP:COUNT…] -- PROGRAM [ARGUMENT…]\n");
	exit(2);
}

static void read_event(struct event *event, char *argument)
{
	char *count = strrchr(argument, ':');
	if (!count)
		usage();
	*count++ = 0;
	char *skip = strrchr(argument, ':');
	char *file = strchr(argument, ':');
	if (!skip || !file || skip == file)
		usage();
	*skip++ = 0;
	*file++ = 0;
	event->name = argument;
	event->skip = atol(skip);
	event->count = atol(count);
	FILE *stream = fopen(file, "rb");
	if (!stream)
		die("cannot read %s: %s", file, strerror(errno));
	fseek(stream, 0, SEEK_END);
	event->length = ftell(stream);
	rewind(stream);
	event->bytes = allocate(NULL, event->length + 1);
	if (fread(event->bytes, 1, event->length, stream) != event->length || event->count < 1)
		usage();
	fclose(stream);
}

static void read_option(const char *name, char *value)
{
	if (!value)
		usage();
	else if (!strcmp(name, "--cpu"))
		options.cpu = atoi(value);
	else if (!strcmp(name, "--log"))
		options.log = value;
	else if (!strcmp(name, "--keep"))
		options.keep = value;
	else if (!strcmp(name, "--limit-s"))
		options.limit_ms = atol(value) * 1000;
	else
		usage();
}

static void read_arguments(char **arguments)
{
	for (arguments++; *arguments && strcmp(*arguments, "--"); arguments++) {
		if (!strncmp(*arguments, "--", 2)) {
			read_option(arguments[0], arguments[1]);
			arguments++;
		} else if (options.event_count < EVENTS) {
			read_event(&options.events[options.event_count++], *arguments);
		} else {
			usage();
		}
	}
	if (!*arguments || !arguments[1])
		usage();
	options.command = arguments + 1;
}

/* The program. */

static void pin(void)
{
	if (options.cpu < 0)
		return;
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(options.cpu, &set);
	checked(sched_setaffinity(0, sizeof set, &set), "pin to that CPU");
}

static void listen_at_any_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof address;
	listener = checked(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "make a socket");
	checked(bind(listener, (struct sockaddr *)&address, length), "bind");
	checked(listen(listener, CONNECTIONS), "listen");
	checked(getsockname(listener, (struct sockaddr *)&address, &length), "find the port");
	char value[64];
	snprintf(value, sizeof value, "127.0.0.1:%d", ntohs(address.sin_port));
	setenv("AWS_LAMBDA_RUNTIME_API", value, 1);
}

static void watch(int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
	checked(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event), "watch a descriptor");
}

/* The session's processes come before those of other sessions, as far as the kernel permits it: this is for root only. */
static void take_precedence(void)
{
	int fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "-20", 3) < 0)
		errno = 0; /* the times are less steady then */
	close(fd);
}

static void start_program(void)
{
	int log = checked(open(options.log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), "open the log");
	int null = checked(open("/dev/null", O_RDONLY | O_CLOEXEC), "open /dev/null");
	program = checked(fork(), "fork");
	if (program == 0) {
		setsid();
		take_precedence();
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(null, 0);
		dup2(log, 1);
		dup2(log, 2);
		execvp(options.command[0], options.command);
		_exit(127);
	}
	close(log);
	close(null);
	program_pidfd = checked(syscall(SYS_pidfd_open, program, 0), "open a pidfd");
	watch(program_pidfd);
}

/* The parents of all processes, and their reaped children's CPU time in clock ticks. */
struct process {
	pid_t pid, parent;
	long reaped_ticks;
	bool is_ours;
};

static bool read_process(const char *name, struct process *process)
{
	char path[300], text[1024];
	snprintf(path, sizeof path, "/proc/%s/stat", name);
	FILE *stream = fopen(path, "r");
	if (!stream)
		return false;
	size_t length = fread(text, 1, sizeof text - 1, stream);
	fclose(stream);
	text[length] = 0;
	char *rest = strrchr(text, ')'); /* the name before it may have anything in it */
	long user, system;
	if (!rest || sscanf(rest + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %ld %ld", &process->parent, &user, &system) != 3)
		return false;
	process->pid = atoi(name);
	process->reaped_ticks = user + system;
	process->is_ours = process->pid == program || process->parent == getpid();
	return true;
}

/* Fills in the processes of the program's tree, those whose parent has gone included: they become children of ours. */
static int read_tree(struct process tree[PROCESSES])
{
	static struct process all[32768];
	int count = 0, found = 0;
	DIR *folder = opendir("/proc");
	for (struct dirent *entry; folder && (entry = readdir(folder));)
		if (isdigit(entry->d_name[0]) && count < (int)(sizeof all / sizeof *all) && read_process(entry->d_name, &all[count]))
			count++;
	closedir(folder);
	for (bool more = true; more;) {
		more = false;
		for (int i = 0; i < count; i++)
			for (int j = 0; !all[i].is_ours && j < count; j++)
				if (all[j].is_ours && all[j].pid == all[i].parent)
					all[i].is_ours = more = true;
	}
	for (int i = 0; i < count && found < PROCESSES; i++)
		if (all[i].is_ours)
			tree[found++] = all[i];
	return found;
}

/* The CPU time of the tree until now. That of processes that have gone is known in clock ticks only. */
static double cpu_us(void)
{
	struct process tree[PROCESSES];
	double sum = 0;
	for (int i = read_tree(tree) - 1; i >= 0; i--) {
		clockid_t clock;
		struct timespec time;
		if (!clock_getcpuclockid(tree[i].pid, &clock) && !clock_gettime(clock, &time))
			sum += time.tv_sec * 1e6 + time.tv_nsec / 1e3;
		sum += tree[i].reaped_ticks * 1e6 / sysconf(_SC_CLK_TCK);
	}
	return sum;
}

/* What a process has of a file, or without a file (0). */
struct mapping {
	pid_t pid;
	unsigned long inode;
	long pss, private, shared;
};

static int read_mappings(pid_t pid, struct mapping *mappings, int most)
{
	char path[64], line[4096];
	int count = 0;
	long kb;
	snprintf(path, sizeof path, "/proc/%d/smaps", pid);
	FILE *stream = fopen(path, "r");
	while (stream && fgets(line, sizeof line, stream)) {
		unsigned long inode;
		struct mapping *last = &mappings[count - 1];
		if (sscanf(line, "%*x-%*x %*s %*x %*x:%*x %lu", &inode) == 1) {
			if (count == most)
				die("process %d has more than %d mappings", pid, most);
			mappings[count++] = (struct mapping){.pid = pid, .inode = inode};
		} else if (!count) {
			continue;
		} else if (sscanf(line, "Pss: %ld", &kb) == 1) {
			last->pss += kb;
		} else if (sscanf(line, "Private_Clean: %ld", &kb) == 1 || sscanf(line, "Private_Dirty: %ld", &kb) == 1) {
			last->private += kb;
		} else if (sscanf(line, "Shared_Clean: %ld", &kb) == 1 || sscanf(line, "Shared_Dirty: %ld", &kb) == 1) {
			last->shared += kb;
		}
	}
	if (stream)
		fclose(stream);
	return count;
}

/* How many of the processes have this file. */
static int users_of(unsigned long inode, const struct mapping *mappings, int count)
{
	int users = 0;
	pid_t last = 0;
	for (int i = 0; i < count; i++)
		if (mappings[i].inode == inode && mappings[i].pid != last) {
			users++;
			last = mappings[i].pid;
		}
	return users;
}

struct memory {
	long pss;   /* as the kernel computes it: what is shared with processes outside of the tree counts in part */
	long alone; /* as if there were no other processes: only what the tree's processes share is divided */
	int processes;
};

static struct memory memory_kb(void)
{
	static struct mapping mappings[65536];
	struct process tree[PROCESSES];
	struct memory sum = {.processes = read_tree(tree)};
	int count = 0;
	for (int i = 0; i < sum.processes; i++)
		count += read_mappings(tree[i].pid, mappings + count, (int)(sizeof mappings / sizeof *mappings) - count);
	for (int i = 0; i < count; i++) {
		const struct mapping *each = &mappings[i];
		sum.pss += each->pss;
		sum.alone += each->inode ? each->private + each->shared / users_of(each->inode, mappings, count) : each->pss;
	}
	return sum;
}

/* SIGTERM, as from Lambda, then SIGKILL for what is left after five seconds. */
static void stop_program(void)
{
	if (program <= 0)
		return;
	kill(-program, SIGTERM);
	struct pollfd ended = {.fd = program_pidfd, .events = POLLIN};
	poll(&ended, 1, 5000);
	struct process tree[PROCESSES];
	for (int i = read_tree(tree) - 1; i >= 0; i--)
		kill(tree[i].pid, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0)
		;
	program = 0;
}

static siginfo_t how_it_ended(void)
{
	siginfo_t end = {0};
	waitid(P_PID, program, &end, WEXITED | WNOWAIT);
	return end;
}

/* Why the program has ended. It is not reaped: that is left to stop_program. */
static void report_end(void)
{
	siginfo_t end = how_it_ended();
	die("%s ended, with %s %d, after %ld invocations", options.command[0], end.si_code == CLD_EXITED ? "status" : "signal", end.si_status,
	    invocations);
}

/* The connections, and the requests that come on them. */

static void accept_connection(void)
{
	int fd = checked(accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), "accept a connection");
	int one = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	for (int i = 0; i < CONNECTIONS; i++)
		if (connections[i].fd <= 0) {
			connections[i].fd = fd;
			connections[i].length = connections[i].head = 0;
			watch(fd);
			return;
		}
	die("%s has more than %d connections", options.command[0], CONNECTIONS);
}

static struct connection *connection_of(int fd)
{
	for (int i = 0; i < CONNECTIONS; i++)
		if (connections[i].fd == fd)
			return &connections[i];
	die("no connection has the descriptor %d", fd);
	return NULL;
}

static void close_connection(struct connection *connection)
{
	close(connection->fd);
	connection->fd = 0;
}

/* Sends all of these parts. The program reads meanwhile, because it has asked for them. */
static void send_all(struct connection *connection, struct iovec *parts, int count)
{
	while (count) {
		ssize_t sent = writev(connection->fd, parts, count);
		if (sent < 0 && errno == EAGAIN) {
			struct pollfd ready = {.fd = connection->fd, .events = POLLOUT};
			if (poll(&ready, 1, options.limit_ms) == 0)
				die("%s reads no event within %ld ms", options.command[0], options.limit_ms);
			continue;
		}
		checked(sent, "send to the program");
		for (; count && (size_t)sent >= parts->iov_len; parts++, count--)
			sent -= parts->iov_len;
		if (count) {
			parts->iov_base = (char *)parts->iov_base + sent;
			parts->iov_len -= sent;
		}
	}
}

static void send_text(struct connection *connection, const char *text)
{
	struct iovec part = {(char *)text, strlen(text)};
	send_all(connection, &part, 1);
}

/* The value of a header of the request, or NULL. The head ends in a zero byte while it is looked at. */
static const char *header(const char *head, const char *name)
{
	size_t length = strlen(name);
	for (const char *line = strstr(head, "\r\n"); line; line = strstr(line + 2, "\r\n"))
		if (!strncasecmp(line + 2, name, length) && line[2 + length] == ':') {
			const char *value = line + 3 + length;
			return value + strspn(value, " ");
		}
	return NULL;
}

static void read_head(struct connection *connection)
{
	char *end = memmem(connection->bytes, connection->length, "\r\n\r\n", 4);
	if (!end)
		return;
	connection->head = end + 4 - connection->bytes;
	end[2] = 0;
	const char *length = header(connection->bytes, "Content-Length");
	const char *coding = header(connection->bytes, "Transfer-Encoding");
	const char *expected = header(connection->bytes, "Expect");
	connection->wanted = length ? strtoul(length, NULL, 10) : 0;
	connection->chunked = coding && !strncasecmp(coding, "chunked", 7);
	connection->decoded = connection->chunk_at = connection->head;
	if (expected && !strncasecmp(expected, "100-continue", 12))
		send_text(connection, "HTTP/1.1 100 Continue\r\n\r\n");
	end[2] = '\r';
}

/* Moves the data of complete chunks together. True if the last chunk is there: the body is then complete. */
static bool decode_chunks(struct connection *connection)
{
	for (;;) {
		char *at = connection->bytes + connection->chunk_at;
		size_t left = connection->length - connection->chunk_at;
		char *line_end = memmem(at, left, "\r\n", 2);
		if (!line_end)
			return false;
		size_t size = strtoul(at, NULL, 16);
		size_t prefix = line_end + 2 - at;
		if (left < prefix + size + 2)
			return false;
		memmove(connection->bytes + connection->decoded, at + prefix, size);
		connection->decoded += size;
		connection->chunk_at += prefix + size + 2;
		if (size == 0) {
			connection->wanted = connection->decoded - connection->head;
			return true;
		}
	}
}

static bool is_complete(struct connection *connection)
{
	if (!connection->head)
		read_head(connection);
	if (!connection->head)
		return false;
	if (connection->chunked)
		return decode_chunks(connection);
	return connection->length >= connection->head + connection->wanted;
}

/* Reads what has come. True if a request is complete. */
static bool receive(struct connection *connection)
{
	size_t room = connection->head ? connection->wanted + 65536 : 65536;
	if (connection->capacity < connection->length + room) {
		connection->capacity = connection->length + room;
		connection->bytes = allocate(connection->bytes, connection->capacity);
	}
	ssize_t got = read(connection->fd, connection->bytes + connection->length, connection->capacity - connection->length);
	if (got < 0 && errno == EAGAIN)
		return false;
	if (got <= 0) {
		close_connection(connection);
		return false;
	}
	connection->length += got;
	return is_complete(connection);
}

/* Forgets the present request. What came behind it stays. */
static void consume(struct connection *connection)
{
	size_t end = connection->chunked ? connection->chunk_at : connection->head + connection->wanted;
	memmove(connection->bytes, connection->bytes + end, connection->length - end);
	connection->length -= end;
	connection->head = 0;
}

static enum kind kind_of(struct connection *connection)
{
	const char *line_end = memchr(connection->bytes, '\r', connection->head);
	size_t length = line_end - connection->bytes;
	if (memmem(connection->bytes, length, "/runtime/invocation/next ", 25))
		return NEXT;
	if (memmem(connection->bytes, length, "/response ", 10))
		return RESPONSE;
	if (memmem(connection->bytes, length, "/error ", 7))
		return FAILURE;
	return OTHER;
}

/* The Extensions API: an extension is registered, and its wait for an event never ends. */
static void answer_extension(struct connection *connection)
{
	if (memmem(connection->bytes, connection->head, "/extension/register ", 20))
		send_text(connection, "HTTP/1.1 200 OK\r\nLambda-Extension-Identifier: 8f507cfc-8f50-8f50-8f50-8f508f507cfc\r\n"
				      "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
	else if (!memmem(connection->bytes, connection->head, "/extension/event/next ", 22))
		die("%s asks for something unknown: %.*s", options.command[0], 100, connection->bytes);
	consume(connection);
}

/* Waits for a request for the Runtime API. Extensions are answered meanwhile. */
static struct connection *await_request(void)
{
	for (;;) {
		struct epoll_event event;
		int count = epoll_wait(epoll, &event, 1, options.limit_ms);
		if (count < 0 && errno == EINTR)
			continue;
		if (count == 0)
			die("%s asks nothing for %ld ms, after %ld invocations", options.command[0], options.limit_ms, invocations);
		if (event.data.fd == listener) {
			accept_connection();
			continue;
		}
		if (event.data.fd == program_pidfd)
			report_end();
		struct connection *connection = connection_of(event.data.fd);
		if (!receive(connection))
			continue;
		if (kind_of(connection) != OTHER)
			return connection;
		answer_extension(connection);
	}
}

static struct connection *await(enum kind wanted)
{
	struct connection *connection = await_request();
	enum kind kind = kind_of(connection);
	if (kind == FAILURE)
		die("%s failed: %.*s", options.command[0], (int)(connection->wanted < 1000 ? connection->wanted : 1000),
		    connection->bytes + connection->head);
	if (kind != wanted)
		die("%s asks out of order, after %ld invocations: %.*s", options.command[0], invocations, 100, connection->bytes);
	return connection;
}

/* One invocation. */

static void send_event(struct connection *connection, const struct event *event)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	char head[1024];
	int length = snprintf(head, sizeof head,
			      "HTTP/1.1 200 OK\r\n"
			      "Content-Type: application/json\r\n"
			      "Lambda-Runtime-Aws-Request-Id: 8f507cfc-8f50-8f50-8f50-%012ld\r\n"
			      "Lambda-Runtime-Deadline-Ms: %lld\r\n"
			      "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:123456789012:function:bench\r\n"
			      "Lambda-Runtime-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0\r\n"
			      "Date: Tue, 24 Nov 2026 04:20:55 GMT\r\n"
			      "Content-Length: %zu\r\n\r\n",
			      invocations, (now.tv_sec + 900LL) * 1000, event->length);
	struct iovec parts[] = {{head, length}, {event->bytes, event->length}};
	send_all(connection, parts, 2);
}

static void check_id(struct connection *connection)
{
	char path[100];
	int length = snprintf(path, sizeof path, "/invocation/8f507cfc-8f50-8f50-8f50-%012ld/response ", invocations);
	if (!memmem(connection->bytes, connection->head, path, length))
		die("%s answers another invocation than %ld: %.*s", options.command[0], invocations, 100, connection->bytes);
}

static void keep_response(const struct event *event, struct connection *connection)
{
	if (!options.keep)
		return;
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", options.keep, event->name);
	FILE *stream = fopen(path, "wb");
	if (!stream)
		die("cannot write %s: %s", path, strerror(errno));
	fwrite(connection->bytes + connection->head, 1, connection->wanted, stream);
	fclose(stream);
}

/* Sends the event on the connection that has asked for it, and returns the one that asks for the next. */
static struct connection *invoke(struct connection *next, const struct event *event, bool is_last, double *latency_us, double *cycle_us)
{
	consume(next);
	double began = now_us();
	send_event(next, event);
	struct connection *response = await(RESPONSE);
	*latency_us = now_us() - began;
	check_id(response);
	if (is_last)
		keep_response(event, response);
	consume(response);
	send_text(response, "HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n{\"status\":\"OK\"}\n");
	invocations++;
	next = await(NEXT);
	*cycle_us = now_us() - began;
	return next;
}

/* The results. */

static int by_size(const void *left, const void *right)
{
	double difference = *(const double *)left - *(const double *)right;
	return (difference > 0) - (difference < 0);
}

static double quantile(const double *sorted, long count, double which)
{
	return sorted[(long)((count - 1) * which + 0.5)];
}

static struct connection *run_event(struct connection *next, const struct event *event, bool is_first)
{
	double *latencies = allocate(NULL, event->count * sizeof *latencies);
	double *cycles = allocate(NULL, event->count * sizeof *cycles);
	double latency, cycle;
	for (long i = 0; i < event->skip; i++)
		next = invoke(next, event, false, &latency, &cycle);
	double cpu_before = cpu_us();
	for (long i = 0; i < event->count; i++)
		next = invoke(next, event, i + 1 == event->count, &latencies[i], &cycles[i]);
	double cpu = (cpu_us() - cpu_before) / event->count;
	struct memory memory = memory_kb();
	qsort(latencies, event->count, sizeof *latencies, by_size);
	qsort(cycles, event->count, sizeof *cycles, by_size);
	printf("%s\"%s\": {\"count\": %ld, \"min\": %.2f, \"p50\": %.2f, \"p90\": %.2f, \"p99\": %.2f, \"cycle\": %.2f, \"cpu\": %.2f, "
	       "\"pss\": %ld, \"memory\": %ld, \"processes\": %d}",
	       is_first ? "" : ", ", event->name, event->count, latencies[0], quantile(latencies, event->count, 0.5),
	       quantile(latencies, event->count, 0.9), quantile(latencies, event->count, 0.99), quantile(cycles, event->count, 0.5), cpu, memory.pss,
	       memory.alone, memory.processes);
	free(latencies);
	free(cycles);
	return next;
}

/* The start and the end of a program that gets no event. It must succeed. */
static void run_alone(void)
{
	double began = now_us();
	start_program();
	struct pollfd ended = {.fd = program_pidfd, .events = POLLIN};
	if (checked(poll(&ended, 1, options.limit_ms), "wait for the end") == 0)
		die("%s does not end within %ld ms", options.command[0], options.limit_ms);
	double cold = now_us() - began;
	siginfo_t end = how_it_ended();
	if (end.si_code != CLD_EXITED || end.si_status)
		report_end();
	struct rusage used;
	checked(wait4(program, NULL, 0, &used), "wait for the program");
	double cpu = (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
	printf("{\"cold\": %.2f, \"cold_cpu\": %.2f, \"events\": {}}\n", cold, cpu);
}

int main(int count, char **arguments)
{
	(void)count;
	read_arguments(arguments);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (setsid() > 0)
		take_precedence();
	pin();
	epoll = checked(epoll_create1(EPOLL_CLOEXEC), "make an epoll");
	listen_at_any_port();
	watch(listener);
	if (!options.event_count) {
		run_alone();
		return 0;
	}

	double began = now_us();
	start_program();
	struct connection *next = await(NEXT);
	double cold = now_us() - began;
	double cold_cpu = cpu_us();
	double first, cycle;
	next = invoke(next, &options.events[0], false, &first, &cycle);
	printf("{\"cold\": %.2f, \"cold_cpu\": %.2f, \"first\": %.2f, \"events\": {", cold, cold_cpu, first);
	for (int i = 0; i < options.event_count; i++)
		next = run_event(next, &options.events[i], i == 0);
	printf("}}\n");
	stop_program();
	return 0;
}
