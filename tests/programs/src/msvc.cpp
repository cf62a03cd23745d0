// SPDX-License-Identifier: LGPL-2.1-or-later
// C++ and structured exceptions as Microsoft's compiler makes them: __CxxFrameHandler3 and _CxxThrowException of
// vcruntime140, __C_specific_handler. Built by clang for its MSVC target, without any of the SDK's headers: what
// is needed is declared here. Prints what happened; the expected text is in msvc.sh.
extern "C" {
int printf(const char *format, ...);
void exit(int code);
void qsort(void *base, unsigned long long count, unsigned long long size,
           int (*compare)(const void *, const void *));
__declspec(dllimport) void RaiseException(unsigned long code, unsigned long flags, unsigned long count,
                                          const unsigned long long *parameters);
__declspec(dllimport) void *CreateThread(void *attributes, unsigned long long stack,
                                         unsigned long (*start)(void *), void *argument,
                                         unsigned long flags, unsigned long *id);
__declspec(dllimport) unsigned long WaitForSingleObject(void *handle, unsigned long time);
void library_throw(int code);
int library_call(void (*callback)(int), int value);
int _fltused;
}

// Its type_info's vftable lies in the static part of Microsoft's runtime: msvc_seh.c has one.
void operator delete(void *) noexcept {}

struct Base {
    int value;
    Base(int value) : value(value) {}
    Base(const Base &other) : value(other.value) {}
    virtual ~Base() {}
};
struct Other {
    int pad = 1;
    virtual ~Other() {}
};
struct Derived : Other, Base {
    Derived(int value) : Base(value) {}
};

struct Noisy {
    const char *name;
    Noisy(const char *name) : name(name) {}
    ~Noisy() { printf("~%s ", name); }
};

static const Base *thrown_pointer;

__attribute__((noinline)) void throw_one(int kind)
{
    Noisy noisy("thrower");

    switch (kind) {
    case 1: throw 5;
    case 2: throw Derived(7);
    case 3: throw "text";
    case 4: throw thrown_pointer;
    case 5: throw 2.5;
    }
}

void by_type()
{
    Derived nine(9);

    thrown_pointer = &nine;
    for (int kind = 0; kind < 6; kind++) {
        try {
            Noisy noisy("try");
            throw_one(kind);
            printf("nothing ");
        } catch (int value) {
            printf("int %d", value);
        } catch (Base &base) {
            printf("Base& %d", base.value);
        } catch (const Base *base) {
            printf("Base* %d", base->value);
        } catch (const char *text) {
            printf("char* %s", text);
        } catch (...) {
            printf("...");
        }
        printf("\n");
    }
}

void by_value()
{
    try {
        throw_one(2);
    } catch (Base base) {
        printf("copy %d\n", base.value);
    }
}

void rethrown()
{
    try {
        try {
            throw_one(2);
        } catch (Base &base) {
            Noisy noisy("inner");
            base.value++;
            throw;
        }
    } catch (Derived &derived) {
        printf("again %d\n", derived.value);
    }
}

void nested()
{
    try {
        throw_one(1);
    } catch (int outer) {
        try {
            Noisy noisy("second");
            throw_one(3);
        } catch (const char *inner) {
            printf("%s in %d\n", inner, outer);
        }
        // The first is still being handled.
        try {
            throw;
        } catch (int value) {
            printf("still %d\n", value);
        }
    }
    // Thrown out of a handler.
    try {
        try {
            throw_one(1);
        } catch (int) {
            Noisy noisy("handler");
            throw_one(5);
        }
    } catch (double value) {
        printf("replaced %d\n", (int)(value * 10));
    }
}

int compare(const void *, const void *)
{
    Noisy noisy("compare");
    throw 77;
}

void through_c()
{
    int values[2] = {2, 1};

    try {
        qsort(values, 2, sizeof(int), compare);
    } catch (int value) {
        printf("through qsort %d\n", value);
    }
}

void callback(int value)
{
    Noisy noisy("callback");
    throw value;
}

void across_dll()
{
    try {
        library_throw(31);
    } catch (int value) {
        printf("from the DLL %d\n", value);
    }
    printf("caught by the DLL %d\n", library_call(callback, 32));
}

// A loop of many: registers and the stack must be as they were.
void often()
{
    long sum = 0;

    for (int i = 0; i < 1000; i++) {
        int local = i * 3;
        try {
            if (i % 3 == 0)
                throw i;
            if (i % 3 == 1)
                throw Derived(i);
            sum += local;
        } catch (int value) {
            sum += value + local;
        } catch (const Base &base) {
            sum -= base.value - local;
        }
    }
    printf("sum %ld\n", sum);
}

unsigned long thread_main(void *)
{
    try {
        throw_one(1);
    } catch (int value) {
        return (unsigned long)value;
    }
    return 0;
}

extern "C" int structured(); // msvc_seh.c

extern "C" void start()
{
    by_type();
    by_value();
    rethrown();
    nested();
    through_c();
    across_dll();
    often();
    void *thread = CreateThread(nullptr, 0, thread_main, nullptr, 0, nullptr);
    WaitForSingleObject(thread, 0xffffffff);
    printf("\n");
    exit(structured());
}
