/* usage: bare [-AT_ONCE] TIMES PROGRAM [ARGUMENT]: starts the program so many times, with nothing on stdin, and prints the
   microseconds that each fork, exec and exit took, or those of so many at once. */
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

static void start(char **command)
{
	if (fork() == 0) {
		dup2(open("/dev/null", O_RDWR), 0);
		execv(command[0], command);
		_exit(127);
	}
}

int main(int count, char **arguments)
{
	int at_once = 1;
	if (count > 1 && arguments[1][0] == '-') {
		at_once = -atoi(arguments[1]);
		count--;
		arguments++;
	}
	if (count < 3)
		return 2;
	for (int times = atoi(arguments[1]); times > 0; times--) {
		double began = now_us();
		for (int i = 0; i < at_once; i++)
			start(arguments + 2);
		for (int i = 0; i < at_once; i++) {
			int status;
			if (wait(&status) < 0 || status != 0)
				return 1;
		}
		printf("%.0f\n", now_us() - began);
	}
	return 0;
}
