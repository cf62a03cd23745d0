/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What C programs ask of their runtime, the same on msvcrt and ucrtbase: numbers to and from text, wide
 * characters, files in both modes, sorting, time, environment, threads, signals, jumps. Says what is wrong.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <locale.h>
#include <math.h>
#include <process.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <wchar.h>
#include <windows.h>

static int failures, checks;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        checks++;                                                                                  \
        if (!(condition)) {                                                                        \
            failures++;                                                                            \
            printf("line %d: %s\n", __LINE__, #condition);                                         \
        }                                                                                          \
    } while (0)

static void numbers(void)
{
    char text[256], word[16];
    wchar_t wide[64];
    int a, b, n = 0;
    double d;
    char *end;

    CHECK(sprintf(text, "%d|%5d|%-5d|%05d|%+d|%x|%X|%o", -1, 2, 3, 4, 5, 255u, 255u, 8u) == 32);
    CHECK(!strcmp(text, "-1|    2|3    |00004|+5|ff|FF|10"));
    sprintf(text, "%.3f|%10.2e|%g|%g|%c|%s|%.2s|%%", 3.14159, 12345.678, 0.0001, 1e10, 'x', "abc", "xyz");
    CHECK(!strncmp(text, "3.142|", 6) && strstr(text, "|0.0001|1e+"));
    CHECK(strstr(text, "|x|abc|xy|%"));
    sprintf(text, "%I64d %I64u", -5000000000ll, 18446744073709551615ull);
    CHECK(!strcmp(text, "-5000000000 18446744073709551615"));
    CHECK(sscanf("12 0x1f 2.5 word", "%d %x %lf %15s", &a, (unsigned *)&b, &d, word) == 4);
    CHECK(a == 12 && b == 31 && d == 2.5 && !strcmp(word, "word"));
    CHECK(sscanf("a=5;rest", "a=%d;%n", &a, &n) == 1 && a == 5 && n == 4);
    CHECK(sscanf("abc123", "%[a-c]%d", word, &a) == 2 && !strcmp(word, "abc") && a == 123);
    CHECK(strtol("-0x10z", &end, 0) == -16 && *end == 'z');
    CHECK(strtoul("777", NULL, 8) == 511 && _strtoi64("-9000000000", NULL, 10) == -9000000000ll);
    CHECK(strtod("1.5e3xyz", &end) == 1500 && *end == 'x');
    errno = 0;
    CHECK(strtol("99999999999", NULL, 10) == LONG_MAX && errno == ERANGE);
    CHECK(atof("2.25") == 2.25 && atoi(" 42") == 42);
    CHECK(swprintf(wide, 64, L"%ls %d %s", L"wide", 7, L"text") > 0);
    CHECK(!wcsncmp(wide, L"wide 7", 6) && wcstol(L"123", NULL, 10) == 123);
    CHECK(fabs(sqrt(2) - 1.4142135623730951) < 1e-15 && fabs(pow(2, 0.5) - sqrt(2)) < 1e-15);
    CHECK(fabs(sin(1) - 0.8414709848078965) < 1e-15 && floor(-1.5) == -2 && ceil(-1.5) == -1);
    CHECK(fabs(exp(1) - 2.718281828459045) < 1e-15 && fmod(7, 3) == 1);
}

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void memory(void)
{
    int values[1000], key = 500, *found;
    char text[64] = "one,two;three", *token;
    char *block = malloc(100);

    for (int i = 0; i < 1000; i++)
        values[i] = (i * 617) % 1000;
    qsort(values, 1000, sizeof(int), compare);
    CHECK(values[0] == 0 && values[999] == 999);
    found = bsearch(&key, values, 1000, sizeof(int), compare);
    CHECK(found && *found == 500);
    token = strtok(text, ",;");
    CHECK(token && !strcmp(token, "one"));
    token = strtok(NULL, ",;");
    CHECK(token && !strcmp(token, "two"));
    strcpy(block, "kept");
    block = realloc(block, 100000);
    CHECK(block && !strcmp(block, "kept") && _msize(block) >= 100000);
    free(block);
    CHECK(!malloc(SIZE_MAX / 2));
    block = calloc(1000, 3);
    CHECK(block && !block[0] && !block[2999]);
    free(block);
    block = _aligned_malloc(100, 64);
    CHECK(!((uintptr_t)block & 63));
    _aligned_free(block);
    CHECK(!_stricmp("HeLLo", "hEllO") && toupper('a') == 'A' && isalpha('z') && !isdigit('z'));
    CHECK(!memcmp(memmove(text + 1, text, 3), "one", 3));
    CHECK(wcslen(L"four") == 4 && !wcscmp(L"a", L"a") && towupper(L'q') == L'Q');
}

static void files(void)
{
    char name[L_tmpnam + MAX_PATH], line[64];
    struct _stat64 info;
    fpos_t position;
    FILE *file;
    int fd;

    GetTempPathA(MAX_PATH, name);
    strcat(name, "decant crt.txt");
    file = fopen(name, "w");
    CHECK(file != NULL);
    CHECK(fprintf(file, "line %d\nline %d\n", 1, 2) == 14);
    fclose(file);
    CHECK(!_stat64(name, &info) && info.st_size == 16 && (info.st_mode & _S_IFREG));
    file = fopen(name, "r");
    CHECK(fgets(line, sizeof(line), file) && !strcmp(line, "line 1\n"));
    CHECK(!fgetpos(file, &position) && fgetc(file) == 'l' && ungetc('L', file) == 'L');
    CHECK(fgetc(file) == 'L' && !fsetpos(file, &position));
    CHECK(fgets(line, sizeof(line), file) && !strcmp(line, "line 2\n"));
    CHECK(!fgets(line, sizeof(line), file) && feof(file) && !ferror(file));
    fclose(file);
    file = fopen(name, "ab");
    CHECK(fputs("\x1a tail", file) >= 0);
    fclose(file);
    fd = _open(name, _O_RDONLY | _O_BINARY);
    CHECK(fd > 2 && _filelength(fd) == 22 && _lseek(fd, -4, SEEK_END) == 18);
    CHECK(_read(fd, line, sizeof(line)) == 4 && !memcmp(line, "tail", 4));
    CHECK(_get_osfhandle(fd) != -1 && !_isatty(fd));
    CHECK(!_close(fd) && _close(_dup(1)) == 0);
    CHECK(_access(name, 0) == 0 && !remove(name) && _access(name, 0) == -1);
    errno = 0;
    CHECK(!fopen(name, "r") && errno == ENOENT);
    CHECK(!strcmp(strerror(ENOENT), "No such file or directory"));
}

static void the_rest(void)
{
    time_t then = 1000000000;
    struct tm *utc = gmtime(&then), made = {0};
    char text[64];

    CHECK(utc->tm_year == 101 && utc->tm_mon == 8 && utc->tm_mday == 9 && utc->tm_hour == 1);
    CHECK(strftime(text, sizeof(text), "%d.%m.%Y %H:%M:%S %j %a %B", utc) > 0);
    CHECK(!strcmp(text, "09.09.2001 01:46:40 252 Sun September"));
    made.tm_year = 101;
    made.tm_mon = 8;
    made.tm_mday = 41; /* normalised */
    CHECK(mktime(&made) != -1 && made.tm_mon == 9 && made.tm_mday == 11);
    CHECK(time(NULL) > 1700000000 && clock() >= 0);
    CHECK(setlocale(LC_ALL, NULL) && !strcmp(setlocale(LC_ALL, NULL), "C"));
    CHECK(!strcmp(localeconv()->decimal_point, "."));
    CHECK(!_putenv("DECANT_CRT=value") && getenv("DECANT_CRT") &&
          !strcmp(getenv("DECANT_CRT"), "value"));
    CHECK(GetEnvironmentVariableA("DECANT_CRT", text, sizeof(text)) == 5);
    srand(1);
    CHECK(rand() == 41 && rand() == 18467); /* Microsoft's generator */
}

static volatile LONG count;
static __thread int per_thread = 3;

static unsigned __stdcall thread_main(void *argument)
{
    char *text = malloc(1000);

    errno = (int)(intptr_t)argument;
    per_thread += (int)(intptr_t)argument;
    for (int i = 0; i < 1000; i++) {
        sprintf(text, "%d %.2f", i, i * 0.5);
        InterlockedAdd(&count, (LONG)atoi(text) == i);
    }
    free(text);
    return errno == (int)(intptr_t)argument && per_thread == 3 + errno ? 5u : 6u;
}

static void threads(void)
{
    HANDLE handles[4];
    DWORD code;

    errno = 77;
    for (int i = 0; i < 4; i++)
        handles[i] = (HANDLE)_beginthreadex(NULL, 0, thread_main, (void *)(intptr_t)(i + 1), 0, NULL);
    WaitForMultipleObjects(4, handles, TRUE, INFINITE);
    for (int i = 0; i < 4; i++) {
        CHECK(GetExitCodeThread(handles[i], &code) && code == 5);
        CloseHandle(handles[i]);
    }
    CHECK(count == 4000 && errno == 77 && per_thread == 3);
}

static volatile int signalled;
static jmp_buf jump;

static void on_signal(int number)
{
    signalled = number;
}

static void on_fault(int number)
{
    signalled = number;
    longjmp(jump, 9);
}

static void signals(void)
{
    static int *volatile nowhere;

    CHECK(signal(SIGTERM, on_signal) == SIG_DFL);
    CHECK(!raise(SIGTERM) && signalled == SIGTERM);
    CHECK(signal(SIGTERM, SIG_IGN) == SIG_DFL); /* reset when it was delivered */
    signal(SIGSEGV, on_fault);
    if (!setjmp(jump)) {
        *nowhere = 1;
        CHECK(!"the store went through");
    }
    CHECK(signalled == SIGSEGV);
}

static void at_exit(void)
{
    puts("at exit");
}

int main(int argc, char **argv)
{
    CHECK(argc == 4 && !strcmp(argv[1], "a \"quoted\" one") && !strcmp(argv[2], "") &&
          !strcmp(argv[3], "back\\slash\\"));
    atexit(at_exit);
    numbers();
    memory();
    files();
    the_rest();
    threads();
    signals();
    fprintf(stderr, "on stderr\n");
    wprintf(L"wide %d\n", 1);
    printf("checks: %d, failures: %d\n", checks, failures);
    return failures ? 1 : 7;
}
