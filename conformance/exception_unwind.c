/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Virtual unwinding: functions of every shape that the x64 tables can describe are stepped through by the
 * trap flag, and at each of their instructions RtlVirtualUnwind must give the caller's registers: in the
 * prologue, the body and the epilogue alike. Then the look-up of functions, in images and in tables that
 * programs add for code they generate.
 *
 * Sources: [D] "x64 exception handling" and "x64 prolog and epilog" of Microsoft's documentation (every
 * instruction of a function can be unwound), RtlVirtualUnwind, RtlAddFunctionTable,
 * RtlInstallFunctionTableCallback, RtlAddGrowableFunctionTable; [W] Wine's ntdll/tests/exception.c.
 */
#include <stddef.h>

#include "conformance.h"

static DWORD(WINAPI *pRtlAddGrowableFunctionTable)(void **, RUNTIME_FUNCTION *, DWORD, DWORD,
                                                   ULONG_PTR, ULONG_PTR);
static void(WINAPI *pRtlGrowFunctionTable)(void *, DWORD);
static void(WINAPI *pRtlDeleteGrowableFunctionTable)(void *);

/* --- Functions that are stepped through --- */

#define CLOBBER                                                                                    \
    "movq $-1, %rbx\n movq $-2, %rsi\n movq $-3, %rdi\n movq $-4, %r12\n movq $-5, %r13\n"         \
    "movq $-6, %r14\n movq $-7, %r15\n"
#define PUSH(reg) "pushq %" reg "\n.seh_pushreg %" reg "\n"
#define FUNCTION(name, text)                                                                       \
    void name(void);                                                                               \
    extern const char name##_end[];                                                                \
    __asm__(".text\n.balign 16\n.globl " #name "\n.seh_proc " #name "\n" #name ":\n" text          \
            ".seh_endproc\n.globl " #name "_end\n" #name "_end:\nnop\n")

FUNCTION(shape_pushes, PUSH("rbx") PUSH("rsi") PUSH("rdi") PUSH("rbp") PUSH("r12") PUSH("r13")
         PUSH("r14") PUSH("r15") ".seh_endprologue\n" CLOBBER "movq $-8, %rbp\n"
         "popq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rbp\npopq %rdi\npopq %rsi\n"
         "popq %rbx\nret\n");
FUNCTION(shape_small, PUSH("rbx") "subq $0x48, %rsp\n.seh_stackalloc 0x48\n.seh_endprologue\n"
         "movq $-1, %rbx\nnop\naddq $0x48, %rsp\npopq %rbx\nret\n");
FUNCTION(shape_large, PUSH("r13") "subq $0x1008, %rsp\n.seh_stackalloc 0x1008\n.seh_endprologue\n"
         "movq $-1, %r13\nnop\naddq $0x1008, %rsp\npopq %r13\nret\n");
FUNCTION(shape_huge, "subq $0x80008, %rsp\n.seh_stackalloc 0x80008\n.seh_endprologue\n"
         "nop\naddq $0x80008, %rsp\nret\n");
FUNCTION(shape_frame, PUSH("rbp") PUSH("rbx") "subq $0x58, %rsp\n.seh_stackalloc 0x58\n"
         "leaq 0x20(%rsp), %rbp\n.seh_setframe %rbp, 0x20\n.seh_endprologue\n"
         "movq $-1, %rbx\nsubq $0x100, %rsp\nnop\nleaq 0x38(%rbp), %rsp\npopq %rbx\npopq %rbp\n"
         "ret\n");
/* The frame register is one that needs a prefix; the epilogue's lea has a wide displacement. */
FUNCTION(shape_frame_r13, PUSH("r13") "subq $0x120, %rsp\n.seh_stackalloc 0x120\n"
         "leaq 0x80(%rsp), %r13\n.seh_setframe %r13, 0x80\n.seh_endprologue\n"
         "subq $0x40, %rsp\nnop\nleaq 0xa0(%r13), %rsp\npopq %r13\nret\n");
FUNCTION(shape_saves, "subq $0x68, %rsp\n.seh_stackalloc 0x68\nmovq %rbx, 0x20(%rsp)\n"
         ".seh_savereg %rbx, 0x20\nmovq %r12, 0x28(%rsp)\n.seh_savereg %r12, 0x28\n"
         "movaps %xmm6, 0x30(%rsp)\n.seh_savexmm %xmm6, 0x30\nmovaps %xmm15, 0x40(%rsp)\n"
         ".seh_savexmm %xmm15, 0x40\n.seh_endprologue\n"
         "movq $-1, %rbx\nmovq $-2, %r12\npcmpeqd %xmm6, %xmm6\npcmpeqd %xmm15, %xmm15\n"
         "movaps 0x30(%rsp), %xmm6\nmovaps 0x40(%rsp), %xmm15\nmovq 0x20(%rsp), %rbx\n"
         "movq 0x28(%rsp), %r12\naddq $0x68, %rsp\nret\n");
/* Offsets that need the far forms. */
FUNCTION(shape_far_saves, "subq $0x120008, %rsp\n.seh_stackalloc 0x120008\n"
         "movq %rbx, 0x100000(%rsp)\n.seh_savereg %rbx, 0x100000\n"
         "movaps %xmm8, 0x110000(%rsp)\n.seh_savexmm %xmm8, 0x110000\n.seh_endprologue\n"
         "movq $-1, %rbx\npcmpeqd %xmm8, %xmm8\nmovq 0x100000(%rsp), %rbx\n"
         "movaps 0x110000(%rsp), %xmm8\naddq $0x120008, %rsp\nret\n");
/* Saved in the caller's home space, before the allocation; compilers note that behind it. */
FUNCTION(shape_home, "movq %rbx, 8(%rsp)\nmovq %rsi, 16(%rsp)\nsubq $0x28, %rsp\n"
         ".seh_stackalloc 0x28\n.seh_savereg %rbx, 0x30\n.seh_savereg %rsi, 0x38\n.seh_endprologue\n"
         "movq $-1, %rbx\nmovq $-1, %rsi\nmovq 0x30(%rsp), %rbx\nmovq 0x38(%rsp), %rsi\n"
         "addq $0x28, %rsp\nret\n");
/* Two epilogues, one of them `rep ret`; a jump inside the function is none. */
FUNCTION(shape_two_ends, PUSH("rbx") ".seh_endprologue\nmovq $-1, %rbx\nxorl %eax, %eax\n"
         "testl %eax, %eax\njnz 1f\njmp 2f\n1: popq %rbx\nret\n2: movl $1, %eax\npopq %rbx\n"
         "rep ret\n");
/* Ends with a tail call. */
FUNCTION(shape_small_tail, PUSH("rdi") "subq $0x20, %rsp\n.seh_stackalloc 0x20\n.seh_endprologue\n"
         "movq $-1, %rdi\naddq $0x20, %rsp\npopq %rdi\njmp shape_small\n");
FUNCTION(shape_leaf, ".seh_endprologue\nmovl $1, %eax\nnop\nret\n");

/* No entry in any table: a leaf function, of which rsp points to the return address. */
void shape_no_entry(void);
extern const char shape_no_entry_end[];
__asm__(".text\n.balign 16\n.globl shape_no_entry\nshape_no_entry:\nmovl $1, %eax\nnop\nret\n"
        ".globl shape_no_entry_end\nshape_no_entry_end:\nint3\n.balign 16\n");

struct shape {
    const char *name;
    void (*start)(void);
    const char *end;
};
#define SHAPE(name) {#name, name, name##_end}
static const struct shape shapes[] = {
    SHAPE(shape_pushes),    SHAPE(shape_small),     SHAPE(shape_large),    SHAPE(shape_huge),
    SHAPE(shape_frame),     SHAPE(shape_frame_r13), SHAPE(shape_saves),    SHAPE(shape_far_saves),
    SHAPE(shape_home),      SHAPE(shape_two_ends),  SHAPE(shape_small_tail), SHAPE(shape_leaf),
    SHAPE(shape_no_entry),
};

/* --- Stepping --- */

static const struct shape *stepped;
static CONTEXT expected; /* the caller's registers behind the call */
static BOOL is_inside;
static int step_count;

static void unwind_once(CONTEXT *context, KNONVOLATILE_CONTEXT_POINTERS *pointers)
{
    ULONG64 base, frame;
    void *data;
    RUNTIME_FUNCTION *function = RtlLookupFunctionEntry(context->Rip, &base, NULL);

    if (!function) {
        context->Rip = *(ULONG64 *)context->Rsp;
        context->Rsp += 8;
        return;
    }
    RtlVirtualUnwind(UNW_FLAG_NHANDLER, base, context->Rip, function, context, &data, &frame,
                     pointers);
}

static const char *difference(const CONTEXT *a, const CONTEXT *b)
{
    if (a->Rip != b->Rip)
        return "rip";
    if (a->Rsp != b->Rsp)
        return "rsp";
    if (a->Rbx != b->Rbx)
        return "rbx";
    if (a->Rbp != b->Rbp)
        return "rbp";
    if (a->Rsi != b->Rsi)
        return "rsi";
    if (a->Rdi != b->Rdi)
        return "rdi";
    if (memcmp(&a->R12, &b->R12, 4 * sizeof(a->R12)))
        return "r12 to r15";
    if (memcmp(&a->Xmm6, &b->Xmm6, 10 * sizeof(a->Xmm6)))
        return "xmm6 to xmm15";
    return NULL;
}

static LONG CALLBACK step(EXCEPTION_POINTERS *info)
{
    CONTEXT *context = info->ContextRecord, unwound;
    ULONG64 start = (ULONG64)(ULONG_PTR)stepped->start;
    const char *what;

    if (info->ExceptionRecord->ExceptionCode != EXCEPTION_SINGLE_STEP)
        return EXCEPTION_CONTINUE_SEARCH;
    if (context->Rip == start && !is_inside) {
        is_inside = TRUE;
        expected = *context;
        expected.Rip = *(ULONG64 *)context->Rsp;
        expected.Rsp += 8;
    }
    if (is_inside && context->Rip == expected.Rip) {
        is_inside = FALSE;
        return EXCEPTION_CONTINUE_EXECUTION; /* the trap flag stays off */
    }
    if (is_inside) {
        KNONVOLATILE_CONTEXT_POINTERS pointers = {0};

        unwound = *context;
        unwind_once(&unwound, &pointers);
        what = difference(&unwound, &expected);
        step_count++;
        /* Wine 8 does not know the jump of a tail call for an epilogue, nor the end before it. */
        todo_wine_if(stepped->start == shape_small_tail && context->Rip - start - 0x10 < 2)
            ok(!what, "%s+0x%llx: %s is wrong", stepped->name, context->Rip - start, what);
        /* Where a register was read from must hold what it was given. */
        for (int i = 0; i < 16; i++)
            if (pointers.IntegerContext[i] &&
                *pointers.IntegerContext[i] != (&unwound.Rax)[i])
                ok(0, "%s+0x%llx: pointer of register %d", stepped->name, context->Rip - start, i);
        for (int i = 0; i < 16; i++)
            if (pointers.FloatingContext[i] &&
                memcmp(pointers.FloatingContext[i], &(&unwound.Xmm0)[i], sizeof(M128A)))
                ok(0, "%s+0x%llx: pointer of xmm%d", stepped->name, context->Rip - start, i);
    }
    context->EFlags |= 0x100;
    return EXCEPTION_CONTINUE_EXECUTION;
}

/* Sets the trap flag, calls rcx; non-volatile registers hold known values. */
void stepped_call(void (*function)(void));
__asm__(".text\n.balign 16\n.globl stepped_call\n.seh_proc stepped_call\nstepped_call:\n"
        PUSH("rbx") PUSH("rbp") PUSH("rsi") PUSH("rdi") PUSH("r12") PUSH("r13") PUSH("r14")
        PUSH("r15")
        "subq $0x28, %rsp\n.seh_stackalloc 0x28\n.seh_endprologue\n"
        "movq $0x1b, %rbx\nmovq $0x2b, %rbp\nmovq $0x3b, %rsi\nmovq $0x4b, %rdi\n"
        "movq $0x5b, %r12\nmovq $0x6b, %r13\nmovq $0x7b, %r14\nmovq $0x8b, %r15\n"
        "pushfq\norq $0x100, (%rsp)\npopfq\n"
        "call *%rcx\n"
        "nop\n"
        "addq $0x28, %rsp\npopq %r15\npopq %r14\npopq %r13\npopq %r12\npopq %rdi\npopq %rsi\n"
        "popq %rbp\npopq %rbx\nret\n.seh_endproc\n");

static DWORD WINAPI step_through_shapes(void *unused)
{
    void *handler = AddVectoredExceptionHandler(1, step);

    (void)unused;
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        stepped = &shapes[i];
        step_count = 0;
        stepped_call(stepped->start);
        ok(step_count >= 3, "%s: %d steps", stepped->name, step_count);
    }
    RemoveVectoredExceptionHandler(handler);
    return 0;
}

/* On a stack that is committed as a whole: the large frames do not probe it. */
static void test_every_instruction(void)
{
    HANDLE thread = CreateThread(NULL, 4 << 20, step_through_shapes, NULL, 0, NULL);

    ok(WaitForSingleObject(thread, 60000) == WAIT_OBJECT_0, "the thread hangs");
    CloseHandle(thread);
}

/* --- What else RtlVirtualUnwind answers --- */

EXCEPTION_DISPOSITION my_handler(void);
EXCEPTION_DISPOSITION my_handler(void)
{
    return ExceptionContinueSearch;
}

void with_handler(void);
extern const char with_handler_body[], with_handler_end[];
__asm__(".text\n.balign 16\n.globl with_handler\n.seh_proc with_handler\nwith_handler:\n"
        "subq $0x28, %rsp\n.seh_stackalloc 0x28\n.seh_endprologue\n"
        ".globl with_handler_body\nwith_handler_body:\nnop\n"
        ".globl with_handler_end\nwith_handler_end:\naddq $0x28, %rsp\nret\n"
        ".seh_handler my_handler, @except\n.seh_handlerdata\n.long 0x12345678\n.text\n"
        ".seh_endproc\n");

/* [D] The handler is returned in the body only, and only for the type asked for. */
static void test_handler(void)
{
    static ULONG64 stack[64];
    const struct {
        const char *at;
        DWORD type;
        BOOL has;
    } cases[] = {
        {(const char *)with_handler, UNW_FLAG_EHANDLER, FALSE},
        {with_handler_body, UNW_FLAG_EHANDLER, TRUE},
        {with_handler_body, UNW_FLAG_UHANDLER, FALSE},
        {with_handler_body, UNW_FLAG_NHANDLER, FALSE},
        {with_handler_end, UNW_FLAG_EHANDLER, FALSE},
    };

    for (int i = 0; i < 5; i++) {
        CONTEXT context;
        ULONG64 base, frame = 0;
        void *data = NULL, *found;
        RUNTIME_FUNCTION *function;

        RtlCaptureContext(&context);
        context.Rip = (ULONG64)cases[i].at;
        context.Rsp = (ULONG64)stack;
        function = RtlLookupFunctionEntry(context.Rip, &base, NULL);
        found = (void *)RtlVirtualUnwind(cases[i].type, base, context.Rip, function, &context,
                                         &data, &frame, NULL);
        ok(found == (cases[i].has ? (void *)my_handler : NULL), "%d: handler %p", i, found);
        if (cases[i].has && found) {
            ok(data && *(DWORD *)data == 0x12345678, "%d: data %p", i, data);
            ok(frame == (ULONG64)stack, "%d: frame %llx", i, frame);
        }
    }
}

/* A frame that the CPU pushed (an interrupt's), with and without an error code. */
static void test_machine_frame(void)
{
    static struct {
        BYTE code[16];
        struct {
            BYTE version_flags, prolog, count, frame;
            BYTE codes[4];
        } info[2];
        RUNTIME_FUNCTION function[2];
    } image = {
        {0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90},
        {{1, 0, 1, 0, {0, 0x0a, 0, 0}}, {1, 0, 1, 0, {0, 0x1a, 0, 0}}},
        {{0, 8, .UnwindData = 0}, {0, 8, .UnwindData = 0}},
    };
    static ULONG64 stack[8] = {0xe1, 0x1001, 0x33, 0x202, 0x2008, 0x2b};

    for (int with_error = 0; with_error < 2; with_error++) {
        CONTEXT context;
        ULONG64 frame;
        void *data;

        image.function[with_error].UnwindData =
            (DWORD)((BYTE *)&image.info[with_error] - (BYTE *)&image);
        RtlCaptureContext(&context);
        context.Rsp = (ULONG64)(stack + !with_error);
        RtlVirtualUnwind(UNW_FLAG_NHANDLER, (ULONG64)&image, (ULONG64)&image + 4,
                         &image.function[with_error], &context, &data, &frame, NULL);
        ok(context.Rip == 0x1001 && context.Rsp == 0x2008, "%d: rip %llx, rsp %llx", with_error,
           context.Rip, context.Rsp);
    }
}

/* --- Generated code --- */

/* A function in two parts: the second's information is chained to the first's.
 *   0: push rbx; sub rsp, 0x20; nop        2..: mov [rsp+0x10], rsi (the second part's prologue) … */
static const BYTE chained_code[] = {
    0x53,                               /* 0  push rbx */
    0x48, 0x83, 0xec, 0x20,             /* 1  sub rsp, 0x20 */
    0xbb, 0x11, 0x00, 0x00, 0x00,       /* 5  mov ebx, 0x11 */
    0x90,                               /* 10 nop; the second part begins behind it */
    0x48, 0x89, 0x74, 0x24, 0x10,       /* 11 mov [rsp+0x10], rsi */
    0xbe, 0x22, 0x00, 0x00, 0x00,       /* 16 mov esi, 0x22 */
    0x90,                               /* 21 nop */
    0x48, 0x8b, 0x74, 0x24, 0x10,       /* 22 mov rsi, [rsp+0x10] */
    0x48, 0x83, 0xc4, 0x20,             /* 27 add rsp, 0x20 */
    0x5b,                               /* 31 pop rbx */
    0xc3,                               /* 32 ret */
};

struct generated {
    BYTE code[64];
    BYTE first_info[8];
    struct {
        BYTE header[4], codes[4];
        RUNTIME_FUNCTION parent;
    } second_info;
    RUNTIME_FUNCTION functions[2];
};

static struct generated *generate(void)
{
    struct generated *page =
        VirtualAlloc(NULL, 65536, MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_READWRITE);
    static const BYTE first[] = {1, 5, 2, 0, 5, 0x32, 1, 0x30}; /* alloc 0x20, push rbx */
    static const BYTE second[] = {1 | UNW_FLAG_CHAININFO << 3, 5, 2, 0, 5, 0x64, 2, 0}; /* rsi */

    memcpy(page->code, chained_code, sizeof(chained_code));
    memcpy(page->first_info, first, sizeof(first));
    memcpy(&page->second_info, second, sizeof(second));
    page->functions[0] = (RUNTIME_FUNCTION){
        0, 11, .UnwindData = (DWORD)offsetof(struct generated, first_info)};
    page->functions[1] = (RUNTIME_FUNCTION){
        11, 33, .UnwindData = (DWORD)offsetof(struct generated, second_info)};
    page->second_info.parent = page->functions[0];
    FlushInstructionCache(GetCurrentProcess(), page, sizeof(*page));
    return page;
}

static RUNTIME_FUNCTION *look_up(void *pc, ULONG64 *base)
{
    *base = 0xcccc;
    return RtlLookupFunctionEntry((ULONG64)pc, base, NULL);
}

static void test_added_table(void)
{
    struct generated *page = generate();
    struct shape shape = {"chained", (void (*)(void))(void *)page->code,
                          (const char *)page->code + sizeof(chained_code)};
    void *handler = AddVectoredExceptionHandler(1, step);
    ULONG64 base;

    ok(!look_up(page->code, &base), "an entry before there is a table");
    ok(RtlAddFunctionTable(page->functions, 2, (ULONG64)page), "RtlAddFunctionTable");
    ok(look_up(page->code, &base) == &page->functions[0] && base == (ULONG64)page, "first byte");
    ok(look_up(page->code + 10, &base) == &page->functions[0], "last byte of the first");
    ok(look_up(page->code + 11, &base) == &page->functions[1], "first byte of the second");
    ok(look_up(page->code + 32, &base) == &page->functions[1], "last byte of the second");
    ok(!look_up(page->code + 33, &base), "behind the second");
    stepped = &shape;
    step_count = 0;
    stepped_call(shape.start);
    ok(step_count == 11, "%d steps", step_count);
    ok(RtlDeleteFunctionTable(page->functions), "RtlDeleteFunctionTable");
    ok(!look_up(page->code, &base), "an entry of a table that is gone");
    ok(!RtlDeleteFunctionTable(page->functions), "deleting it twice");
    RemoveVectoredExceptionHandler(handler);
    VirtualFree(page, 0, MEM_RELEASE);
}

static struct generated *callback_page;
static int callback_count;

static RUNTIME_FUNCTION *CALLBACK find_function(ULONG64 pc, void *context)
{
    callback_count++;
    ok(context == (void *)0x1234, "context %p", context);
    return pc < (ULONG64)callback_page + 11 ? &callback_page->functions[0] : NULL;
}

/* [D] The identifier's two low bits must be set. The callback is asked for each address of the range. */
static void test_callback(void)
{
    struct generated *page = callback_page = generate();
    ULONG64 base, identifier = (ULONG64)page | 3;

    ok(!RtlInstallFunctionTableCallback((ULONG64)page, (ULONG64)page, 64, find_function,
                                        (void *)0x1234, NULL),
       "an identifier without its bits");
    ok(RtlInstallFunctionTableCallback(identifier, (ULONG64)page, 64, find_function,
                                       (void *)0x1234, NULL),
       "RtlInstallFunctionTableCallback");
    callback_count = 0;
    ok(look_up(page->code + 2, &base) == &page->functions[0] && base == (ULONG64)page, "base %llx",
       base);
    ok(callback_count == 1, "%d calls", callback_count);
    ok(!look_up(page->code + 20, &base), "the callback's NULL");
    ok(callback_count == 2, "%d calls", callback_count);
    ok(!look_up(page->code + 64, &base) && callback_count == 2, "behind the range: %d calls",
       callback_count);
    ok(RtlDeleteFunctionTable((RUNTIME_FUNCTION *)identifier), "RtlDeleteFunctionTable");
    ok(!look_up(page->code, &base) && callback_count == 2, "called when deleted");
    VirtualFree(page, 0, MEM_RELEASE);
}

static void test_growable(void)
{
    struct generated *page = generate();
    void *table = NULL;
    ULONG64 base;
    DWORD status;

    if (!pRtlAddGrowableFunctionTable) {
        skip("RtlAddGrowableFunctionTable is missing");
        return;
    }
    status = pRtlAddGrowableFunctionTable(&table, page->functions, 1, 2, (ULONG64)page,
                                          (ULONG64)page + 64);
    ok(!status && table, "status %lx", status);
    ok(look_up(page->code + 5, &base) == &page->functions[0], "the first");
    ok(!look_up(page->code + 15, &base), "the second is not there yet");
    pRtlGrowFunctionTable(table, 2);
    ok(look_up(page->code + 15, &base) == &page->functions[1], "the second");
    pRtlDeleteGrowableFunctionTable(table);
    ok(!look_up(page->code + 5, &base), "after deletion");
    VirtualFree(page, 0, MEM_RELEASE);
}

static void test_images(void)
{
    HMODULE kernel32 = GetModuleHandleA("kernel32.dll"), ntdll = GetModuleHandleA("ntdll.dll");
    ULONG64 base;
    RUNTIME_FUNCTION *function;

    function = look_up((void *)GetProcAddress(ntdll, "RtlUnwindEx"), &base);
    ok(function && base == (ULONG64)ntdll, "ntdll: %p, %llx", function, base);
    function = look_up((void *)test_images, &base);
    ok(function && base == (ULONG64)GetModuleHandleA(NULL), "program: %p, %llx", function, base);
    ok(!look_up(kernel32, &base), "an image's header has an entry");
    ok(!look_up((void *)0x10, &base), "0x10 has an entry");
    ok(!look_up((void *)shape_no_entry, &base), "a function without one has an entry");
}

/* --- The stack's trace --- */

static __attribute__((noinline)) USHORT trace_here(void **frames, ULONG skip, ULONG count,
                                                   ULONG *hash)
{
    USHORT found = RtlCaptureStackBackTrace(skip, count, frames, hash);

    __asm__ volatile("");
    return found;
}

static void test_back_trace(void)
{
    void *frames[64], *again[64];
    ULONG hash = 0, other = 0, same[2] = {0};
    USHORT all, some;
    ULONG64 base;

    memset(frames, 0xcc, sizeof(frames));
    all = trace_here(frames, 0, 60, &hash);
    ok(all >= 4 && all < 60, "%u frames", all);
    ok(frames[all] == (void *)0xcccccccccccccccc, "wrote past the last frame");
    ok(look_up(frames[0], &base) && look_up(frames[0], &base) == look_up((void *)trace_here, &base),
       "the first frame is not the caller");
    ok(look_up(frames[1], &base) == look_up((void *)test_back_trace, &base), "the second");
    /* [D] RtlCaptureStackBackTrace: two identical traces have the same hash; how it is made is not told. */
    for (volatile int i = 0; i < 2; i++)
        trace_here(again, 0, 60, &same[i]);
    ok(same[0] == same[1], "hashes of one trace: %lx and %lx", same[0], same[1]);
    ok(hash != same[0], "another trace has the same hash %lx", hash);
    some = trace_here(again, 1, 2, &other);
    ok(some == 2 && again[1] == frames[2], "%u frames, %p for %p", some, again[1], frames[2]);
    ok(!trace_here(again, 60, 2, NULL), "frames behind the end");
}

static void test_setup(void)
{
    HMODULE ntdll = GetModuleHandleA("ntdll.dll");

    pRtlAddGrowableFunctionTable = (void *)GetProcAddress(ntdll, "RtlAddGrowableFunctionTable");
    pRtlGrowFunctionTable = (void *)GetProcAddress(ntdll, "RtlGrowFunctionTable");
    pRtlDeleteGrowableFunctionTable =
        (void *)GetProcAddress(ntdll, "RtlDeleteGrowableFunctionTable");
}

CONFORMANCE("virtual unwinding", test_setup, test_every_instruction, test_handler,
            test_machine_frame, test_added_table, test_callback, test_growable, test_images,
            test_back_trace)
