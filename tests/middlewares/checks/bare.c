/* usage: bare TIMES PROGRAM [ARGUMENT]: starts the program so many times, with nothing on stdin, and prints the
   microseconds that each fork, exec and exit took. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

int main(int count, char **arguments)
{
	if (count < 3)
		return 2;
	for (int times = atoi(arguments[1]); times > 0; times--) {
		double began = now_us();
		int status;
		pid_t child = fork();
		if (child == 0) {
			dup2(open("/dev/null", O_RDWR), 0);
			execv(arguments[2], arguments + 2);
			_exit(127);
		}
		if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
			return 1;
		printf("%.0f\n", now_us() - began);
	}
	return 0;
}
