/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * __try, __except and __finally as clang makes them for the MSVC target; also the vftable of type_info.
 */
int printf(const char *format, ...);
__declspec(dllimport) void RaiseException(unsigned long code, unsigned long flags,
                                          unsigned long count, const unsigned long long *parameters);
unsigned long _exception_code(void);
void *_exception_info(void);
int _abnormal_termination(void);

static void *no_destructor(void *object, unsigned flags)
{
    (void)flags;
    return object;
}
void *type_info_vftable[] __asm__("??_7type_info@@6B@") = {(void *)no_destructor};

static int *volatile nowhere = (int *)0x40;
static volatile int zero;

static __attribute__((noinline)) void fault(void)
{
    *nowhere = 1;
}

/* clang guards calls, not instructions: faults need a function of their own. */
static __attribute__((noinline)) int divide(int value)
{
    return value / zero;
}

static __attribute__((noinline)) void raise(unsigned long code)
{
    RaiseException(code, 0, 0, 0);
}

static int look(unsigned long code, unsigned long wanted)
{
    printf("filter %lx ", code);
    return code == wanted;
}

static __attribute__((noinline)) int guarded(unsigned long code)
{
    __try {
        __try {
            if (code)
                raise(code);
            else
                fault();
            zero = 0; /* keeps the call's return address out of the block that follows */
        } __finally {
            printf("finally %d ", _abnormal_termination() != 0);
        }
    } __except (look(_exception_code(), 0xe0000001)) {
        printf("handled %lx\n", _exception_code());
        return 1;
    }
    return 0;
}

static __attribute__((noinline)) int early_return(void)
{
    __try {
        return 3;
    } __finally {
        printf("finally on return ");
    }
}

/* An exception in a __finally block replaces the one that runs it. */
static __attribute__((noinline)) void collide(void)
{
    __try {
        raise(0xe0000001);
    } __finally {
        printf("colliding ");
        raise(0xe0000002);
    }
}

static __attribute__((noinline)) int resume(void)
{
    __try {
        raise(0xe0000005);
        return 5;
    } __except (-1) { /* EXCEPTION_CONTINUE_EXECUTION */
        return 6;
    }
}

int structured(void)
{
    volatile int local = 4;

    guarded(0xe0000001);
    __try {
        guarded(0);
    } __except (1) {
        printf("outer %lx\n", _exception_code());
    }
    printf("%d\n", early_return());
    __try {
        __try {
            collide();
        } __except (_exception_code() == 0xe0000001 && look(_exception_code(), 0xe0000001)) {
            printf("wrong ");
        }
    } __except (1) {
        printf("collided %lx, local %d\n", _exception_code(), local);
    }
    __try {
        local = divide(10);
    } __except (1) {
        printf("divide %lx, local %d\n", _exception_code(), local);
    }
    printf("resumed %d\n", resume());
    return 42;
}
