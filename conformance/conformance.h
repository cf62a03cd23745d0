/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The vocabulary of the conformance programs. A program is a plain Windows executable that asserts what
 * Windows does; the same file runs on Windows, on Wine and on Decant. In the manner of Wine's
 * tests:
 *
 *     ok(condition, "format", …)         must hold everywhere
 *     todo(condition_of_the_host) ok(…)  known not to hold on this host yet; it is counted, and a
 *                                        todo that succeeds is a failure, so that it gets removed
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
static __thread int conformance_todo_level;

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

/* Whether the calling thread is within a todo, once `change` is added. Emulated TLS sets the last error. */
static inline int conformance_todo_change(int change)
{
    DWORD error = GetLastError();
    int level = conformance_todo_level += change;

    SetLastError(error);
    return level;
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
    int is_todo = conformance_todo_change(0);
    va_list args;

    InterlockedIncrement(&conformance_tests);
    if (is_todo) {
        if (condition)
            InterlockedIncrement(&conformance_failures);
        else
            InterlockedIncrement(&conformance_todos);
    } else if (!condition) {
        InterlockedIncrement(&conformance_failures);
    }
    if (!condition || is_todo) {
        va_start(args, format);
        conformance_print(!is_todo    ? "FAIL"
                          : condition ? "FAIL (todo succeeded)"
                                      : "todo",
                          line, format, args);
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

static inline int conformance_todo_next(int was)
{
    conformance_todo_change(-was);
    return 0;
}

#define ok(...)    conformance_ok(__LINE__, __VA_ARGS__)
#define trace(...) conformance_trace(__LINE__, __VA_ARGS__)
#define skip(...)  conformance_skip(__LINE__, __VA_ARGS__)
#define todo(host)                                                                                 \
    for (int todo_host_ = !!(host), todo_once_ = (conformance_todo_change(todo_host_), 1);         \
         todo_once_; todo_once_ = conformance_todo_next(todo_host_))

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
