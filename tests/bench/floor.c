/* The floor of all that is measured: a static program that answers each event with itself, and needs no other process.
   FLOOR_START_MS and FLOOR_SLEEP_MS make it slower by a known time: at its start, and in each invocation. */
#include "api.h"

static void sleep_ms_of(const char *variable)
{
	const char *ms = getenv(variable);
	if (ms)
		usleep(atoi(ms) * 1000);
}

int main(void)
{
	struct buffer buffer = {0};
	sleep_ms_of("FLOOR_START_MS");
	int api = connect_to_api();
	for (;;) {
		struct invocation invocation = next_invocation(api, &buffer);
		sleep_ms_of("FLOOR_SLEEP_MS");
		respond(api, &invocation, invocation.event, invocation.length);
	}
}
