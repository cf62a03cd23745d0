/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The vocabulary of the conformance programs. A program is a plain Windows executable that asserts what
 * Windows does; the same file runs on Windows, on Wine and on Decant. In the manner of Wine's
 * tests:
 *
 *     ok(condition, "format", …)         must hold everywhere
 *     todo(condition_of_the_host) ok(…)  known not to hold on this host yet: a failure is counted as
 *                                        todo, and a todo without one is a failure, so that the mark
 *                                        gets removed. Over a block or a helper that asserts more than
 *                                        one thing: at least one of them must fail
 *     todo_wine ok(…)                    known not to hold on Wine. Recorded with Debian's Wine 8.0, which
 *                                        is held to it; what another Wine has mended is told ("fixed")
 *     todo_wine_if(condition) ok(…)      the same for some rows of a table
 *     flaky_wine ok(…)                   on Wine it is left to chance, or to the user and the machine
 *     broken(condition)                  inside an ok: what some Windows versions did wrong
 *     skip("why")                        a part that cannot run here, with the reason
 *     trace("format", …)                 shown, not judged
 *
 * A program has one or more `static void test_x(void)` and ends with
 *     CONFORMANCE("area: what", test_a, test_b)
 * Each expectation names its source in a comment: a documentation page, a test that passes on
 * Windows, a recorded run. With arguments, only the tests named are run; "--list" lists them.
 * All of them leave the thread's last error as it was.
 * The closing line is stable: "NAME: N tests executed (T marked as todo, F failures), S skipped."
 * Exit code: 0, or 1 when there were failures.
 */
#ifndef DECANT_CONFORMANCE_H
#define DECANT_CONFORMANCE_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

static LONG conformance_tests, conformance_failures, conformance_todos, conformance_skips;
/* The todo that is in force on this thread, and what came of the expectations below it. */
struct conformance_mark {
    int level, tests, failures;
};
static __thread struct conformance_mark conformance_thread_mark;

static inline BOOL conformance_host_exports(const char *name)
{
    DWORD error = GetLastError();
    BOOL result = GetProcAddress(GetModuleHandleA("ntdll.dll"), name) != NULL;

    SetLastError(error);
    return result;
}

/* Which host runs the program: Wine exports wine_get_version, Decant decant_dispatcher. */
static inline BOOL is_decant(void)
{
    return conformance_host_exports("decant_dispatcher");
}

static inline BOOL is_wine(void)
{
    return conformance_host_exports("wine_get_version");
}

/* Whether this is the Wine that the todos were recorded with: upstream's or Debian's 8.0. Proton's 8.0,
 * which has more in it, has a longer build ("wine-8.0-1234-gabcdef"). */
static inline BOOL is_recorded_wine(void)
{
    DWORD error = GetLastError();
    const char *(__cdecl *get_build)(void) = (const char *(__cdecl *)(void))(void *)GetProcAddress(
        GetModuleHandleA("ntdll.dll"), "wine_get_build_id");
    const char *build = get_build ? get_build() : "";

    SetLastError(error);
    return !strncmp(build, "wine-8.0", 8) && (!build[8] || build[8] == ' ');
}

/* noipa: the compiler takes the address of a thread's variable for a constant, and would look it up
 * before the last error is read. */
static __attribute__((noipa)) struct conformance_mark *conformance_find_mark(void)
{
    return &conformance_thread_mark;
}

/* Emulated TLS sets the last error. */
static inline struct conformance_mark *conformance_mark(void)
{
    DWORD error = GetLastError();
    struct conformance_mark *mark = conformance_find_mark();

    SetLastError(error);
    return mark;
}

static inline void conformance_print(const char *kind, int line, const char *format, va_list args)
{
    DWORD error = GetLastError();
    char text[1024];

    vsnprintf(text, sizeof(text), format, args);
    printf("%s: line %d: %s\n", kind, line, text);
    fflush(stdout);
    SetLastError(error);
}

static inline int __attribute__((format(__MINGW_PRINTF_FORMAT, 3, 4)))
conformance_ok(int line, int condition, const char *format, ...)
{
    struct conformance_mark *mark = conformance_mark();
    va_list args;

    InterlockedIncrement(&conformance_tests);
    if (mark->level) {
        mark->tests++;
        mark->failures += !condition;
    }
    if (!condition) {
        InterlockedIncrement(mark->level ? &conformance_todos : &conformance_failures);
        va_start(args, format);
        conformance_print(mark->level ? "todo" : "FAIL", line, format, args);
        va_end(args);
    }
    return condition;
}

static inline void __attribute__((format(__MINGW_PRINTF_FORMAT, 2, 3)))
conformance_trace(int line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    conformance_print("trace", line, format, args);
    va_end(args);
}

static inline void __attribute__((format(__MINGW_PRINTF_FORMAT, 2, 3)))
conformance_skip(int line, const char *format, ...)
{
    va_list args;

    InterlockedIncrement(&conformance_skips);
    va_start(args, format);
    conformance_print("skip", line, format, args);
    va_end(args);
}

enum conformance_rule {
    CONFORMANCE_NO_MARK,
    CONFORMANCE_TODO,  /* must fail */
    CONFORMANCE_FIXED, /* may fail; told when it does not */
    CONFORMANCE_FLAKY, /* may fail */
};

static inline enum conformance_rule conformance_wine_rule(BOOL is_marked)
{
    if (!is_marked || !is_wine())
        return CONFORMANCE_NO_MARK;
    return is_recorded_wine() ? CONFORMANCE_TODO : CONFORMANCE_FIXED;
}

static inline int conformance_mark_begin(enum conformance_rule rule)
{
    struct conformance_mark *mark = conformance_mark();

    if (rule && !mark->level++)
        mark->tests = mark->failures = 0;
    return 1;
}

static inline int conformance_mark_end(int line, enum conformance_rule rule)
{
    struct conformance_mark *mark = conformance_mark();
    DWORD error = GetLastError();

    if (!rule || --mark->level || !mark->tests || mark->failures || rule == CONFORMANCE_FLAKY)
        return 0;
    if (rule == CONFORMANCE_TODO)
        InterlockedIncrement(&conformance_failures);
    printf("%s: line %d: what was known not to hold does\n",
           rule == CONFORMANCE_TODO ? "FAIL (todo succeeded)" : "fixed", line);
    fflush(stdout);
    SetLastError(error);
    return 0;
}

#define ok(...)    conformance_ok(__LINE__, __VA_ARGS__)
#define trace(...) conformance_trace(__LINE__, __VA_ARGS__)
#define skip(...)  conformance_skip(__LINE__, __VA_ARGS__)
#define conformance_marked(rule)                                                                   \
    for (int rule_ = (int)(rule), once_ = conformance_mark_begin(rule_); once_;                    \
         once_ = conformance_mark_end(__LINE__, rule_))
#define todo(host)              conformance_marked((host) ? CONFORMANCE_TODO : CONFORMANCE_NO_MARK)
#define todo_wine_if(is_marked) conformance_marked(conformance_wine_rule(is_marked))
#define todo_wine               todo_wine_if(TRUE)
#define flaky_wine              conformance_marked(is_wine() ? CONFORMANCE_FLAKY : CONFORMANCE_NO_MARK)

/* What a Windows version once did; accepted on Windows only. */
static inline int broken(int condition)
{
    return condition && !is_decant() && !is_wine();
}

struct conformance_test {
    const char *name;
    void (*run)(void);
};

static inline int conformance_main(const char *title, const struct conformance_test *tests,
                                   int argc, char **argv)
{
    for (const struct conformance_test *test = tests; test->name; test++) {
        int wanted = argc < 2;

        for (int i = 1; i < argc; i++) {
            if (!strcmp(argv[i], "--list"))
                puts(test->name);
            wanted |= !strcmp(argv[i], test->name);
        }
        if (wanted)
            test->run();
    }
    if (argc == 2 && !strcmp(argv[1], "--list"))
        return 0;
    printf("%s: %ld tests executed (%ld marked as todo, %ld failures), %ld skipped.\n", title,
           conformance_tests, conformance_todos, conformance_failures, conformance_skips);
    fflush(stdout);
    return conformance_failures ? 1 : 0;
}

/* CONFORMANCE("title", test_a, test_b …): up to 24 tests. A program that is started again as its own
 * child defines CONFORMANCE_CHILD as a function int child(int argc, char **argv), called when
 * argv[1] is "--child". */
#define CONFORMANCE_ROW(test) {#test, test},
#define CONFORMANCE_1(a)       CONFORMANCE_ROW(a)
#define CONFORMANCE_2(a, ...)  CONFORMANCE_ROW(a) CONFORMANCE_1(__VA_ARGS__)
#define CONFORMANCE_3(a, ...)  CONFORMANCE_ROW(a) CONFORMANCE_2(__VA_ARGS__)
#define CONFORMANCE_4(a, ...)  CONFORMANCE_ROW(a) CONFORMANCE_3(__VA_ARGS__)
#define CONFORMANCE_5(a, ...)  CONFORMANCE_ROW(a) CONFORMANCE_4(__VA_ARGS__)
#define CONFORMANCE_6(a, ...)  CONFORMANCE_ROW(a) CONFORMANCE_5(__VA_ARGS__)
#define CONFORMANCE_7(a, ...)  CONFORMANCE_ROW(a) CONFORMANCE_6(__VA_ARGS__)
#define CONFORMANCE_8(a, ...)  CONFORMANCE_ROW(a) CONFORMANCE_7(__VA_ARGS__)
#define CONFORMANCE_9(a, ...)  CONFORMANCE_ROW(a) CONFORMANCE_8(__VA_ARGS__)
#define CONFORMANCE_10(a, ...) CONFORMANCE_ROW(a) CONFORMANCE_9(__VA_ARGS__)
#define CONFORMANCE_11(a, ...) CONFORMANCE_ROW(a) CONFORMANCE_10(__VA_ARGS__)
#define CONFORMANCE_12(a, ...) CONFORMANCE_ROW(a) CONFORMANCE_11(__VA_ARGS__)
#define CONFORMANCE_13(a, ...) CONFORMANCE_ROW(a) CONFORMANCE_12(__VA_ARGS__)
#define CONFORMANCE_14(a, ...) CONFORMANCE_ROW(a) CONFORMANCE_13(__VA_ARGS__)
#define CONFORMANCE_15(a, ...) CONFORMANCE_ROW(a) CONFORMANCE_14(__VA_ARGS__)
#define CONFORMANCE_16(a, ...) CONFORMANCE_ROW(a) CONFORMANCE_15(__VA_ARGS__)
#define CONFORMANCE_17(a, ...) CONFORMANCE_ROW(a) CONFORMANCE_16(__VA_ARGS__)
#define CONFORMANCE_18(a, ...) CONFORMANCE_ROW(a) CONFORMANCE_17(__VA_ARGS__)
#define CONFORMANCE_19(a, ...) CONFORMANCE_ROW(a) CONFORMANCE_18(__VA_ARGS__)
#define CONFORMANCE_20(a, ...) CONFORMANCE_ROW(a) CONFORMANCE_19(__VA_ARGS__)
#define CONFORMANCE_21(a, ...) CONFORMANCE_ROW(a) CONFORMANCE_20(__VA_ARGS__)
#define CONFORMANCE_22(a, ...) CONFORMANCE_ROW(a) CONFORMANCE_21(__VA_ARGS__)
#define CONFORMANCE_23(a, ...) CONFORMANCE_ROW(a) CONFORMANCE_22(__VA_ARGS__)
#define CONFORMANCE_24(a, ...) CONFORMANCE_ROW(a) CONFORMANCE_23(__VA_ARGS__)
#define CONFORMANCE_PICK(_1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16,    \
                         _17, _18, _19, _20, _21, _22, _23, _24, name, ...)                        \
    name
#define CONFORMANCE_ROWS(...)                                                                      \
    CONFORMANCE_PICK(__VA_ARGS__, CONFORMANCE_24, CONFORMANCE_23, CONFORMANCE_22, CONFORMANCE_21,  \
                     CONFORMANCE_20, CONFORMANCE_19, CONFORMANCE_18, CONFORMANCE_17,               \
                     CONFORMANCE_16, CONFORMANCE_15, CONFORMANCE_14, CONFORMANCE_13,               \
                     CONFORMANCE_12, CONFORMANCE_11, CONFORMANCE_10, CONFORMANCE_9,                \
                     CONFORMANCE_8, CONFORMANCE_7, CONFORMANCE_6, CONFORMANCE_5, CONFORMANCE_4,    \
                     CONFORMANCE_3, CONFORMANCE_2, CONFORMANCE_1)                                  \
    (__VA_ARGS__)

#ifndef CONFORMANCE_CHILD
#define CONFORMANCE_CHILD(argc, argv) 2
#endif

#define CONFORMANCE(title, ...)                                                                    \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        static const struct conformance_test tests[] = {CONFORMANCE_ROWS(__VA_ARGS__){NULL, NULL}};\
                                                                                                   \
        if (argc > 1 && !strcmp(argv[1], "--child"))                                               \
            return CONFORMANCE_CHILD(argc, argv);                                                  \
        return conformance_main(title, tests, argc, argv);                                         \
    }

#endif
