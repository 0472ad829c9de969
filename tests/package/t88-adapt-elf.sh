#!/bin/sh
description="scripts/adapt-elf, which makes programs of a newer Debian run with Lambda's glibc"
. ./lib/lib.sh

adapt=${repository:?}/scripts/adapt-elf
export adapt

case $arch in
arm64)
	first=GLIBC_2.17
	;;
*)
	first=GLIBC_2.2.5
	;;
esac

# make_libraries: makes a libc and a libm to link with, which have the versions of a newer glibc. They are never loaded.
make_libraries() {
	mkdir -p newer &&
		printf 'void strlen(){} void __isoc23_strtol(){} void __isoc23_sscanf(){} void strlcpy(){} void arc4random_buf(){} void pidfd_spawn(){}\n' >libc.c &&
		printf '%s { strlen; }; GLIBC_2.36 { arc4random_buf; }; GLIBC_2.38 { __isoc23_strtol; __isoc23_sscanf; strlcpy; }; GLIBC_2.39 { pidfd_spawn; };\n' \
			"$first" >libc.map &&
		printf 'void fmod(){}\n' >libm.c &&
		printf 'GLIBC_2.38 { fmod; };\n' >libm.map &&
		gcc -w -fno-builtin -shared -nostdlib -Wl,-soname,libc.so.6 -Wl,--version-script,libc.map -o newer/libc.so.6 libc.c &&
		gcc -w -fno-builtin -shared -nostdlib -Wl,-soname,libm.so.6 -Wl,--version-script,libm.map -o newer/libm.so.6 libm.c
}

# link NAME SOURCE: makes the library NAME of the source, linked with these.
link() {
	make_libraries &&
		echo "typedef unsigned long size_t; $2" >"$1.c" &&
		gcc -fPIC -fno-builtin -shared -nostdlib -o "$1" "$1.c" newer/libc.so.6 newer/libm.so.6
}

# compile_ours: makes the library with the functions that Lambda's glibc lacks.
compile_ours() {
	gcc -std=c11 -Os -Wall -Wextra -Werror -ffreestanding -fPIC -shared -nostdlib -Wl,-soname,libopen-runtime-glibc.so \
		-o libopen-runtime-glibc.so "$repository/scripts/glibc.c"
}


parser='size_t strlen(const char *); long __isoc23_strtol(const char *, void *, int); double fmod(double, double);
int __isoc23_sscanf(const char *, const char *, ...);
long parse(const char *text, const char *form) { long found; return __isoc23_strtol(text, 0, 0) + (long)fmod(7, 4) + (__isoc23_sscanf(text, form, &found) ? found : 0) + strlen(text) - strlen(text); }'
export parser

needs gcc readelf

check 'symbols that are too new are replaced by older ones with the same meaning' '
	link parser.so "$parser" &&
	fails_to "$repository/scripts/check-glibc" . 2>refusal &&
	says refusal "parser.so needs glibc 2.38" &&
	"$adapt" parser.so &&
	rm -r newer &&
	"$repository/scripts/check-glibc" . &&
	same 65 "$(python3 -c "
import ctypes
print(ctypes.CDLL(\"./parser.so\").parse(b\"0x1f\", b\"%li\"))")"
'

copier='size_t strlen(const char *); size_t strlcpy(char *, const char *, size_t); void arc4random_buf(void *, size_t);
size_t copy(char *to, const char *from, size_t size) { arc4random_buf(to, strlen(from)); return strlcpy(to, from, size); }'
export copier

check 'what is in no older glibc comes from a library' '
	link copier.so "$copier" &&
	"$adapt" copier.so &&
	rm -r newer &&
	"$repository/scripts/check-glibc" . &&
	readelf -dW copier.so | grep "NEEDED.*libopen-runtime-glibc.so" &&
	compile_ours &&
	same "3 ab" "$(LD_LIBRARY_PATH=. python3 -c "
import ctypes
to = ctypes.create_string_buffer(8)
print(ctypes.CDLL(\"./copier.so\").copy(to, b\"abc\", 3), to.value.decode())")"
'

check 'its functions do what their manual pages say' '
	compile_ours &&
	python3 -c "
import ctypes
ours = ctypes.CDLL(\"./libopen-runtime-glibc.so\")
def call(name, start, text, *sizes):
    to = ctypes.create_string_buffer(start, 8)
    return getattr(ours, name)(to, text, *sizes), to.raw.rstrip(bytes(1))
assert call(\"strlcpy\", b\"xxxxxxx\", b\"abc\", 8) == (3, b\"abc\\0xxx\"), call(\"strlcpy\", b\"xxxxxxx\", b\"abc\", 8)
assert call(\"strlcpy\", b\"\", b\"abc\", 4) == (3, b\"abc\")
assert call(\"strlcpy\", b\"\", b\"abc\", 3) == (3, b\"ab\")
assert call(\"strlcpy\", b\"x\", b\"abc\", 0) == (3, b\"x\")
assert call(\"__strlcpy_chk\", b\"\", b\"abc\", 8, 8) == (3, b\"abc\")
assert call(\"strlcat\", b\"ab\", b\"cd\", 8) == (4, b\"abcd\")
assert call(\"strlcat\", b\"ab\", b\"cd\", 4) == (4, b\"abc\")
assert call(\"strlcat\", b\"abcd\", b\"ef\", 2) == (4, b\"abcd\")
many = ctypes.create_string_buffer(100_000)
ours.arc4random_buf(many, 100_000)
assert len(set(many.raw)) == 256
assert len({ours.arc4random() for _ in range(10)}) == 10" &&
	{ python3 -c "
import ctypes
ctypes.CDLL(\"./libopen-runtime-glibc.so\").__getattr__(\"__strlcpy_chk\")(ctypes.create_string_buffer(8), b\"abc\", 9, 8)" 2>told; test $? -eq 134; }
'

check 'a symbol without an older one is refused, and the file stays as it is' '
	link spawner.so "void pidfd_spawn(void); void spawn(void) { pidfd_spawn(); }" &&
	cp spawner.so before &&
	fails_to "$adapt" spawner.so 2>refusal &&
	says refusal "cannot adapt spawner.so: it needs pidfd_spawn of GLIBC_2.39" &&
	cmp before spawner.so
'

check 'a program that needs packed relocations is refused' '
	link relative.so "int value; int *all[] = { &value, &value, &value };
		size_t strlen(const char *); size_t length(const char *text) { return strlen(text) + *all[0]; }" &&
	python3 -c "
import pathlib
file = pathlib.Path(\"relative.so\")
file.write_bytes(file.read_bytes().replace(b\"$first\\0\", b\"GLIBC_ABI_DT_RELR\"[: len(\"$first\")] + bytes(1)))" &&
	fails_to "$repository/scripts/check-glibc" . 2>refusal &&
	says refusal "relative.so needs glibc ABI_" &&
	fails_to "$adapt" relative.so 2>refusal &&
	says refusal "cannot adapt relative.so: it needs GLIBC_ABI_"
'

check 'a program finds its libraries by a path beside it, and keeps its notes' '
	mkdir -p tree/bin tree/lib &&
	echo "int answer(void) { return 42; }" >answer.c &&
	gcc -shared -o tree/lib/libanswer.so -Wl,-soname,libanswer.so answer.c &&
	echo "int answer(void); int main(void) { return answer(); }" >main.c &&
	gcc -fcf-protection -o tree/bin/main main.c tree/lib/libanswer.so 2>/dev/null || gcc -mbranch-protection=standard -o tree/bin/main main.c tree/lib/libanswer.so &&
	readelf -nW tree/bin/main >before &&
	says before NT_GNU_PROPERTY_TYPE_0 &&
	{ (cd / && "$work/tree/bin/main") 2>told; test $? -eq 127; } &&
	"$adapt" --rpath "\$ORIGIN/../lib" tree/bin/main &&
	readelf -nW tree/bin/main >after &&
	cmp before after &&
	readelf -dW tree/bin/main | grep "(RPATH).*\[\$ORIGIN/../lib\]" &&
	{ (cd / && "$work/tree/bin/main"); test $? -eq 42; } &&
	fails_to "$adapt" --rpath "\$ORIGIN" tree/bin/main 2>refusal &&
	says refusal "it has a path to its libraries"
'

check 'a text is replaced by one that is not longer, if it is there' '
	link texts.so "const char *place(void) { return \"/usr/lib/place\"; }" &&
	"$adapt" --text /usr/lib/place /opt/place texts.so &&
	same /opt/place "$(python3 -c "
import ctypes
place = ctypes.CDLL(\"./texts.so\").place
place.restype = ctypes.c_char_p
print(place().decode())")" &&
	fails_to "$adapt" --text /usr/lib/place /opt/place texts.so 2>refusal &&
	says refusal "it has no text /usr/lib/place" &&
	fails_to "$adapt" --text /opt/place /opt/other/place texts.so 2>refusal &&
	says refusal "/opt/other/place is longer than /opt/place"
'

finish
