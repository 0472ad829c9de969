/* Functions of newer releases of glibc, for the layers with an interpreter: Lambda's glibc 2.34 does not have them. They mean what the
 * manual pages strlcpy(3) and arc4random(3) say. scripts/adapt-elf names this library in the files that use them. Where glibc has
 * them, its own are used. It is linked with nothing: what it needs comes from the process's libc.
 */
#include <stddef.h>
#include <stdint.h>

size_t strlen(const char *text);
size_t strnlen(const char *text, size_t limit);
void *memcpy(void *to, const void *from, size_t size);
long getrandom(void *to, size_t size, unsigned flags);
int *__errno_location(void);
void abort(void) __attribute__((noreturn));
void __chk_fail(void) __attribute__((noreturn));

enum { INTERRUPTED = 4 }; /* EINTR of Linux */

size_t strlcpy(char *to, const char *from, size_t size)
{
	size_t length = strlen(from);
	if (size > 0) {
		size_t copied = length < size ? length : size - 1;
		memcpy(to, from, copied);
		to[copied] = 0;
	}
	return length;
}

size_t strlcat(char *to, const char *from, size_t size)
{
	size_t used = strnlen(to, size);
	return used == size ? size + strlen(from) : used + strlcpy(to + used, from, size - used);
}

/* What a compiler calls for strlcpy if it knows the size of the object. */
size_t __strlcpy_chk(char *to, const char *from, size_t size, size_t size_of_object)
{
	if (size > size_of_object)
		__chk_fail();
	return strlcpy(to, from, size);
}

/* Blocks until the kernel has random bytes, as that of glibc. It cannot fail: the process ends. */
void arc4random_buf(void *to, size_t size)
{
	for (char *next = to; size > 0;) {
		long got = getrandom(next, size, 0);
		if (got > 0) {
			next += got;
			size -= (size_t)got;
		} else if (*__errno_location() != INTERRUPTED) {
			abort();
		}
	}
}

uint32_t arc4random(void)
{
	uint32_t number;
	arc4random_buf(&number, sizeof number);
	return number;
}
