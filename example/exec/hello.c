/* A handler in C: the event is STDIN, the response STDOUT, and stderr the log. cc -O2 -static -o hello hello.c */
#include <stdio.h>

int main(void)
{
	long bytes = 0;
	while (getchar() != EOF)
		bytes++;
	fprintf(stderr, "the event has come\n");
	printf("{\"bytes\":%ld}\n", bytes - 1); /* without the line feed behind the event */
	return 0;
}
