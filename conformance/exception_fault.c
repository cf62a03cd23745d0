/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Hardware faults: the code, the address and the parameters of each, the registers that a handler finds
 * and how the program goes on. exception_basic.c has the common ones; here is each kind of fault in turn.
 *
 * Sources: [D] Microsoft's page on EXCEPTION_RECORD (parameters of access violations, the list of codes);
 * [D2] "x64 software conventions"; [W] Wine's ntdll/tests/exception.c, which passes on Windows: its
 * tables of privileged and illegal instructions, its break point, single step and debug service tests.
 */
#include "conformance.h"

#define PAGE 4096

static BYTE *code_page;
static EXCEPTION_RECORD seen;
static CONTEXT seen_context;
static int seen_count;
static DWORD64 resume_at;

/* Notes the first exception and goes on at the `ret` behind the code. */
static LONG CALLBACK note(EXCEPTION_POINTERS *info)
{
    if (!resume_at)
        return EXCEPTION_CONTINUE_SEARCH;
    if (!seen_count++) {
        seen = *info->ExceptionRecord;
        seen_context = *info->ContextRecord;
    }
    info->ContextRecord->Rip = resume_at;
    info->ContextRecord->EFlags &= ~0x40100u; /* alignment check and trap flag */
    return EXCEPTION_CONTINUE_EXECUTION;
}

/* Runs the bytes with rcx and rdx as given; `ret` follows them. */
static void run(const void *code, size_t bytes, const void *rcx, const void *rdx)
{
    void *handler = AddVectoredExceptionHandler(1, note);

    memset(&seen, 0xcc, sizeof(seen));
    memset(&seen_context, 0xcc, sizeof(seen_context));
    seen_count = 0;
    memset(code_page, 0xcc, PAGE);
    memcpy(code_page, code, bytes);
    code_page[bytes] = 0xc3;
    FlushInstructionCache(GetCurrentProcess(), code_page, PAGE);
    resume_at = (DWORD64)code_page + bytes;
    ((void (*)(const void *, const void *))(void *)code_page)(rcx, rdx);
    resume_at = 0;
    RemoveVectoredExceptionHandler(handler);
}

#define RUN(rcx, rdx, ...)                                                                         \
    do {                                                                                           \
        static const BYTE bytes_[] = {__VA_ARGS__};                                                \
        run(bytes_, sizeof(bytes_), rcx, rdx);                                                     \
    } while (0)

static void check_access(int line, DWORD code, const void *at, ULONG_PTR access, const void *address)
{
    conformance_ok(line, seen_count == 1, "%d exceptions", seen_count);
    conformance_ok(line, seen.ExceptionCode == code, "code %lx", seen.ExceptionCode);
    conformance_ok(line, !seen.ExceptionFlags, "flags %lx", seen.ExceptionFlags);
    conformance_ok(line, !seen.ExceptionRecord, "record %p", seen.ExceptionRecord);
    conformance_ok(line, seen.ExceptionAddress == at, "address %p for %p", seen.ExceptionAddress, at);
    conformance_ok(line, seen_context.Rip == (DWORD64)at, "rip %llx for %p", seen_context.Rip, at);
    conformance_ok(line, seen.NumberParameters == 2, "%lu parameters", seen.NumberParameters);
    conformance_ok(line, seen.ExceptionInformation[0] == access, "access %llx for %llx",
                   seen.ExceptionInformation[0], access);
    conformance_ok(line, seen.ExceptionInformation[1] == (ULONG_PTR)address, "address %llx for %p",
                   seen.ExceptionInformation[1], address);
}
#define CHECK_ACCESS(...) check_access(__LINE__, __VA_ARGS__)

/* [D] ExceptionInformation[0] is 0 for a read, 1 for a write, 8 for execution; [1] the address. */
static void test_access(void)
{
    BYTE *data = VirtualAlloc(NULL, 3 * PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    void *none = (void *)~(ULONG_PTR)0;
    DWORD old;

    RUN((void *)0x1234, NULL, 0x8b, 0x01); /* mov eax, [rcx] */
    CHECK_ACCESS(EXCEPTION_ACCESS_VIOLATION, code_page, EXCEPTION_READ_FAULT, (void *)0x1234);
    RUN((void *)0x1234, NULL, 0x90, 0x89, 0x01); /* nop; mov [rcx], eax */
    CHECK_ACCESS(EXCEPTION_ACCESS_VIOLATION, code_page + 1, EXCEPTION_WRITE_FAULT, (void *)0x1234);
    RUN((void *)0x1234, NULL, 0xff, 0xe1); /* jmp rcx */
    CHECK_ACCESS(EXCEPTION_ACCESS_VIOLATION, (void *)0x1234, EXCEPTION_EXECUTE_FAULT,
                 (void *)0x1234);
    data[0] = 0xc3;
    RUN(data, NULL, 0xff, 0xe1);
    CHECK_ACCESS(EXCEPTION_ACCESS_VIOLATION, data, EXCEPTION_EXECUTE_FAULT, data);
    /* The address is the first byte that could not be had, not the operand's first. */
    VirtualProtect(data + PAGE, PAGE, PAGE_NOACCESS, &old);
    RUN(data + PAGE - 4, NULL, 0x48, 0x8b, 0x01); /* mov rax, [rcx] */
    CHECK_ACCESS(EXCEPTION_ACCESS_VIOLATION, code_page, EXCEPTION_READ_FAULT, data + PAGE);
    VirtualProtect(data + PAGE, PAGE, PAGE_READONLY, &old);
    RUN(data + PAGE + 8, NULL, 0xf0, 0xff, 0x01); /* lock inc dword [rcx] */
    CHECK_ACCESS(EXCEPTION_ACCESS_VIOLATION, code_page, EXCEPTION_WRITE_FAULT, data + PAGE + 8);
    /* A freed page. */
    VirtualFree(data + 2 * PAGE, PAGE, MEM_DECOMMIT);
    RUN(data + 2 * PAGE, NULL, 0xc6, 0x01, 0x05); /* mov byte [rcx], 5 */
    CHECK_ACCESS(EXCEPTION_ACCESS_VIOLATION, code_page, EXCEPTION_WRITE_FAULT, data + 2 * PAGE);
    /* The system's half, and what is no address at all: the CPU does not say which, nor why. */
    RUN((void *)0x8000000000000000, NULL, 0x8b, 0x01);
    CHECK_ACCESS(EXCEPTION_ACCESS_VIOLATION, code_page, EXCEPTION_READ_FAULT, none);
    RUN((void *)0x1234567812345678, NULL, 0x89, 0x01);
    CHECK_ACCESS(EXCEPTION_ACCESS_VIOLATION, code_page, EXCEPTION_READ_FAULT, none);
    RUN(data + 1, NULL, 0x0f, 0x28, 0x01); /* movaps xmm0, [rcx] */
    CHECK_ACCESS(EXCEPTION_ACCESS_VIOLATION, code_page, EXCEPTION_READ_FAULT, none);
    VirtualFree(data, 0, MEM_RELEASE);
}

/* [D] Working with pages / guard pages: one exception, the access as for a violation, then an
 * ordinary page. */
static void test_guard(void)
{
    BYTE *data = VirtualAlloc(NULL, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE | PAGE_GUARD);
    MEMORY_BASIC_INFORMATION info;
    DWORD old;

    RUN(data + 16, NULL, 0x8b, 0x01);
    CHECK_ACCESS(STATUS_GUARD_PAGE_VIOLATION, code_page, EXCEPTION_READ_FAULT, data + 16);
    RUN(data + 16, NULL, 0x89, 0x01);
    ok(!seen_count, "the second touch raised %lx", seen.ExceptionCode);
    VirtualQuery(data, &info, sizeof(info));
    ok(info.Protect == PAGE_READWRITE, "protection %lx", info.Protect);
    VirtualProtect(data, PAGE, PAGE_EXECUTE_READWRITE | PAGE_GUARD, &old);
    RUN(data, NULL, 0xff, 0xe1);
    CHECK_ACCESS(STATUS_GUARD_PAGE_VIOLATION, data, EXCEPTION_EXECUTE_FAULT, data);
    VirtualFree(data, 0, MEM_RELEASE);
}

/* The direction flag of the faulting code is in the context; the handler itself runs with it clear, and
 * with every other register as it was. */
static void test_registers(void)
{
    /* push rbx, rsi, rdi; mov rbx..; std; fault; cld; pop */
    RUN((void *)0x10, (void *)0x22, 0x49, 0xc7, 0xc2, 0x33, 0, 0, 0, /* mov r10, 0x33 */
        0xf9,                                                        /* stc */
        0xfd,                                                        /* std */
        0x8b, 0x01,                                                  /* mov eax, [rcx] */
        0xfc);                                                       /* cld */
    ok(seen.ExceptionCode == EXCEPTION_ACCESS_VIOLATION, "code %lx", seen.ExceptionCode);
    ok(seen_context.Rcx == 0x10 && seen_context.Rdx == 0x22 && seen_context.R10 == 0x33,
       "rcx %llx, rdx %llx, r10 %llx", seen_context.Rcx, seen_context.Rdx, seen_context.R10);
    ok((seen_context.EFlags & 0x401) == 0x401, "flags %lx", seen_context.EFlags);
    ok((seen_context.ContextFlags & CONTEXT_FULL) == CONTEXT_FULL, "context flags %lx",
       seen_context.ContextFlags);
    ok(seen_context.SegCs == 0x33 && seen_context.SegSs == 0x2b && seen_context.SegDs == 0x2b,
       "segments cs %x, ss %x, ds %x", seen_context.SegCs, seen_context.SegSs, seen_context.SegDs);
    __asm__ volatile("cld");
}

static void check_code(int line, DWORD code, size_t offset, DWORD parameters)
{
    conformance_ok(line, seen_count == 1, "%d exceptions", seen_count);
    conformance_ok(line, seen.ExceptionCode == code, "code %lx for %lx", seen.ExceptionCode, code);
    conformance_ok(line, seen.ExceptionAddress == code_page + offset, "offset %td for %zu",
                   (BYTE *)seen.ExceptionAddress - code_page, offset);
    conformance_ok(line, seen_context.Rip == (DWORD64)code_page + offset, "rip at %lld",
                   (long long)(seen_context.Rip - (DWORD64)code_page));
    conformance_ok(line, seen.NumberParameters == parameters, "%lu parameters for %lu",
                   seen.NumberParameters, parameters);
}
#define CHECK_CODE(...) check_code(__LINE__, __VA_ARGS__)

static void test_arithmetic(void)
{
    DWORD zero = 0;
    ULONG64 wide = 5;

    RUN(NULL, NULL, 0x31, 0xc0, 0x31, 0xd2, 0xf7, 0xf1); /* xor eax,eax; xor edx,edx; div ecx */
    CHECK_CODE(EXCEPTION_INT_DIVIDE_BY_ZERO, 4, 0);
    RUN(&zero, NULL, 0x31, 0xc0, 0x31, 0xd2, 0xf7, 0x39); /* idiv dword [rcx] */
    CHECK_CODE(EXCEPTION_INT_DIVIDE_BY_ZERO, 4, 0);
    RUN(NULL, NULL, 0x31, 0xc0, 0xf6, 0xf1); /* div cl */
    CHECK_CODE(EXCEPTION_INT_DIVIDE_BY_ZERO, 2, 0);
    RUN(NULL, NULL, 0x31, 0xc0, 0x99, 0x4d, 0x31, 0xc0, 0x49, 0xf7, 0xf8); /* idiv r8 */
    CHECK_CODE(EXCEPTION_INT_DIVIDE_BY_ZERO, 6, 0);
    /* The quotient does not fit. */
    RUN((void *)1, (void *)7, 0x48, 0xf7, 0xf1); /* div rcx, with rdx 7 */
    todo_wine CHECK_CODE(EXCEPTION_INT_OVERFLOW, 0, 0);
    RUN(&wide, (void *)5, 0x48, 0xf7, 0x31); /* div qword [rcx] */
    todo_wine CHECK_CODE(EXCEPTION_INT_OVERFLOW, 0, 0);
    RUN((void *)2, NULL, 0xb4, 0x05, 0xf6, 0xf1); /* mov ah, 5; div cl */
    todo_wine CHECK_CODE(EXCEPTION_INT_OVERFLOW, 2, 0);
}

static void test_instructions(void)
{
    RUN(NULL, NULL, 0x0f, 0x0b); /* ud2 */
    CHECK_CODE(EXCEPTION_ILLEGAL_INSTRUCTION, 0, 0);
    RUN(NULL, NULL, 0x0e); /* push cs: none in 64 bits */
    CHECK_CODE(EXCEPTION_ILLEGAL_INSTRUCTION, 0, 0);
    RUN(NULL, NULL, 0x0f, 0xff, 0xc0); /* ud0 */
    CHECK_CODE(EXCEPTION_ILLEGAL_INSTRUCTION, 0, 0);
    /* [W] */
    RUN(NULL, NULL, 0xf4); /* hlt */
    CHECK_CODE(EXCEPTION_PRIV_INSTRUCTION, 0, 0);
    RUN(NULL, NULL, 0xfa); /* cli */
    CHECK_CODE(EXCEPTION_PRIV_INSTRUCTION, 0, 0);
    RUN(NULL, NULL, 0xfb); /* sti */
    CHECK_CODE(EXCEPTION_PRIV_INSTRUCTION, 0, 0);
    RUN(NULL, NULL, 0xec); /* in al, dx */
    CHECK_CODE(EXCEPTION_PRIV_INSTRUCTION, 0, 0);
    RUN(NULL, NULL, 0xe6, 0x11); /* out 0x11, al */
    CHECK_CODE(EXCEPTION_PRIV_INSTRUCTION, 0, 0);
    RUN(NULL, NULL, 0x6e); /* outsb */
    CHECK_CODE(EXCEPTION_PRIV_INSTRUCTION, 0, 0);
    RUN(NULL, NULL, 0x0f, 0x20, 0xc0); /* mov rax, cr0 */
    CHECK_CODE(EXCEPTION_PRIV_INSTRUCTION, 0, 0);
    RUN(NULL, NULL, 0x0f, 0x23, 0xc0); /* mov dr0, rax */
    CHECK_CODE(EXCEPTION_PRIV_INSTRUCTION, 0, 0);
    RUN(NULL, NULL, 0x0f, 0x09); /* wbinvd */
    CHECK_CODE(EXCEPTION_PRIV_INSTRUCTION, 0, 0);
    RUN(NULL, NULL, 0x0f, 0x32); /* rdmsr */
    todo_wine CHECK_CODE(EXCEPTION_PRIV_INSTRUCTION, 0, 0);
    RUN(code_page, NULL, 0x0f, 0x01, 0x11); /* lgdt [rcx] */
    todo_wine CHECK_CODE(EXCEPTION_PRIV_INSTRUCTION, 0, 0);
}

/* [W] Both places name the int3 itself, of the two-byte form its second byte. */
static void test_break_points(void)
{
    RUN(NULL, NULL, 0x90, 0xcc);
    CHECK_CODE(EXCEPTION_BREAKPOINT, 1, 1);
    ok(!seen.ExceptionInformation[0], "parameter %llx", seen.ExceptionInformation[0]);
    RUN(NULL, NULL, 0xcd, 0x03);
    CHECK_CODE(EXCEPTION_BREAKPOINT, 1, 1);
    RUN(NULL, NULL, 0x31, 0xc0, 0xcd, 0x2d, 0x90); /* xor eax, eax; int 0x2d */
    ok(seen_count == 1 && seen.ExceptionCode == EXCEPTION_BREAKPOINT, "int 0x2d: %lx",
       seen.ExceptionCode);
    RUN(NULL, NULL, 0xcd, 0x2c); /* the kernel's assertion; goes on behind the instruction */
    ok(seen_count == 1 && seen.ExceptionCode == (DWORD)STATUS_ASSERTION_FAILURE, "int 0x2c: %lx",
       seen.ExceptionCode);
}

/* [W] The trap comes behind the instruction, the trap flag is clear in the context. */
static void test_single_step(void)
{
    RUN(NULL, NULL, 0x9c, 0x81, 0x0c, 0x24, 0x00, 0x01, 0, 0, /* pushf; or dword [rsp], 0x100 */
        0x9d,                                                 /* popf */
        0x90,                                                 /* nop: the trap comes behind it */
        0x90);
    CHECK_CODE(EXCEPTION_SINGLE_STEP, 10, 0);
    ok(!(seen_context.EFlags & 0x100), "the trap flag is set: %lx", seen_context.EFlags);
    RUN(NULL, NULL, 0xf1); /* int1; some hypervisors name it, others what follows */
    ok(seen_count == 1 && seen.ExceptionCode == EXCEPTION_SINGLE_STEP, "int1: %lx",
       seen.ExceptionCode);
}

static int steps;

static LONG CALLBACK step(EXCEPTION_POINTERS *info)
{
    if (info->ExceptionRecord->ExceptionCode != EXCEPTION_SINGLE_STEP)
        return EXCEPTION_CONTINUE_SEARCH;
    if (steps++ < 10000 && info->ContextRecord->Rip != resume_at)
        info->ContextRecord->EFlags |= 0x100;
    return EXCEPTION_CONTINUE_EXECUTION;
}

/* A debugger in the program steps through calls, system calls included: those count as one step. */
static void test_stepping(void)
{
    void *handler = AddVectoredExceptionHandler(1, step);
    BYTE code[] = {0x48, 0x83, 0xec, 0x28,                          /* sub rsp, 0x28 */
                   0x9c, 0x81, 0x0c, 0x24, 0x00, 0x01, 0x00, 0x00,  /* pushf; or */
                   0x9d,                                            /* popf */
                   0xff, 0xd1,                                      /* call rcx: a function */
                   0x90,                                            /* nop: stepping ends */
                   0x48, 0x83, 0xc4, 0x28, 0xc3};                   /* add rsp, 0x28; ret */

    memcpy(code_page, code, sizeof(code));
    FlushInstructionCache(GetCurrentProcess(), code_page, PAGE);
    steps = 0;
    resume_at = (DWORD64)code_page + 15;
    ((void (*)(void *))(void *)code_page)((void *)SwitchToThread);
    ok(steps > 3 && steps < 10000, "%d steps", steps);
    resume_at = 0;
    RemoveVectoredExceptionHandler(handler);
}

/* [D] EXCEPTION_DATATYPE_MISALIGNMENT, with the alignment check flag set by the program. */
static void test_alignment(void)
{
    static ULONG64 data[2];

    RUN((BYTE *)data + 1, NULL, 0x9c, 0x81, 0x0c, 0x24, 0x00, 0x00, 0x04, 0, /* pushf; or */
        0x9d,                                                                /* popf */
        0x8b, 0x01,                                                          /* mov eax, [rcx] */
        0x9c, 0x81, 0x24, 0x24, 0xff, 0xff, 0xfb, 0xff, 0x9d);               /* AC off again */
    todo_wine ok(seen_count == 1 && seen.ExceptionCode == EXCEPTION_DATATYPE_MISALIGNMENT, "%d: code %lx",
                 seen_count, seen.ExceptionCode);
    todo_wine ok(seen.ExceptionAddress == code_page + 9, "offset %td",
                 (BYTE *)seen.ExceptionAddress - code_page);
}

/* --- Floating point --- */

/* Goes on with all exceptions masked again. */
static LONG CALLBACK mask_again(EXCEPTION_POINTERS *info)
{
    LONG result = note(info);

    if (result == EXCEPTION_CONTINUE_EXECUTION) {
        info->ContextRecord->MxCsr = info->ContextRecord->FltSave.MxCsr = 0x1f80;
        info->ContextRecord->FltSave.ControlWord = 0x27f;
        info->ContextRecord->FltSave.StatusWord &= 0x7f00;
    }
    return result;
}

static void run_float(const BYTE *code, size_t bytes, const void *rcx, const void *rdx)
{
    void *handler = AddVectoredExceptionHandler(1, mask_again);

    memset(&seen, 0xcc, sizeof(seen));
    memset(&seen_context, 0xcc, sizeof(seen_context));
    seen_count = 0;
    memset(code_page, 0xcc, PAGE);
    memcpy(code_page, code, bytes);
    code_page[bytes] = 0xc3;
    resume_at = (DWORD64)code_page + bytes;
    ((void (*)(const void *, const void *))(void *)code_page)(rcx, rdx);
    resume_at = 0;
    RemoveVectoredExceptionHandler(handler);
}

#define RUN_FLOAT(rcx, rdx, ...)                                                                   \
    do {                                                                                           \
        static const BYTE bytes_[] = {__VA_ARGS__};                                                \
        run_float(bytes_, sizeof(bytes_), rcx, rdx);                                               \
    } while (0)

#define LDMXCSR 0x0f, 0xae, 0x12      /* ldmxcsr [rdx] */
#define LOAD    0xf3, 0x0f, 0x10, 0x01 /* movss xmm0, [rcx] */

static void test_sse(void)
{
    struct {
        float a, b;
    } values = {1, 0};
    DWORD unmasked;
    /* What the program's exceptions leave in MXCSR's mask: one of them off. */
    static const struct {
        DWORD bit, code;
        float a, b;
    } cases[] = {
        {0x0080, EXCEPTION_FLT_INVALID_OPERATION, 0, 0},
        {0x0200, EXCEPTION_FLT_DIVIDE_BY_ZERO, 1, 0},
        {0x0400, EXCEPTION_FLT_OVERFLOW, 3e38f, 1e-10f},
        {0x0800, EXCEPTION_FLT_UNDERFLOW, 1e-38f, 3e20f},
        {0x1000, EXCEPTION_FLT_INEXACT_RESULT, 1, 3},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        values.a = cases[i].a;
        values.b = cases[i].b;
        unmasked = 0x1f80 & ~cases[i].bit;
        RUN_FLOAT(&values, &unmasked, LDMXCSR, LOAD, 0xf3, 0x0f, 0x5e, 0x41, 0x04); /* divss */
        ok(seen_count == 1 && seen.ExceptionCode == cases[i].code, "%zu: %d, code %lx for %lx", i,
           seen_count, seen.ExceptionCode, cases[i].code);
        ok(seen.ExceptionAddress == code_page + 7, "%zu: offset %td", i,
           (BYTE *)seen.ExceptionAddress - code_page);
        ok((seen_context.MxCsr & 0x1f80) == unmasked, "%zu: mxcsr %lx", i, seen_context.MxCsr);
        ok(seen_context.MxCsr & cases[i].bit >> 7, "%zu: no status bit in mxcsr %lx", i,
           seen_context.MxCsr);
    }
    ok(!((__builtin_ia32_stmxcsr() ^ 0x1f80) & 0x1f80), "mxcsr afterwards %x",
       __builtin_ia32_stmxcsr());
}

static void test_x87(void)
{
    static const WORD zero_divide = 0x27b, invalid = 0x27e, all = 0x240;

    /* fninit; fldcw [rdx]; fld1; fldz; fdivp; fwait */
    RUN_FLOAT(NULL, &zero_divide, 0xdb, 0xe3, 0xd9, 0x2a, 0xd9, 0xe8, 0xd9, 0xee, 0xde, 0xf9, 0x9b,
              0xdb, 0xe3);
    ok(seen_count == 1 && seen.ExceptionCode == EXCEPTION_FLT_DIVIDE_BY_ZERO, "%d: code %lx",
       seen_count, seen.ExceptionCode);
    ok(seen_context.FltSave.ControlWord == zero_divide, "control word %x",
       seen_context.FltSave.ControlWord);
    ok((seen_context.FltSave.StatusWord & 0x84) == 0x84, "status word %x",
       seen_context.FltSave.StatusWord);
    /* fldz; fldz; fdivp; fwait */
    RUN_FLOAT(NULL, &invalid, 0xdb, 0xe3, 0xd9, 0x2a, 0xd9, 0xee, 0xd9, 0xee, 0xde, 0xf9, 0x9b,
              0xdb, 0xe3);
    ok(seen_count == 1 && seen.ExceptionCode == EXCEPTION_FLT_INVALID_OPERATION, "%d: code %lx",
       seen_count, seen.ExceptionCode);
    /* fstp st(0) of an empty stack; fwait */
    RUN_FLOAT(NULL, &all, 0xdb, 0xe3, 0xd9, 0x2a, 0xdd, 0xd8, 0x9b, 0xdb, 0xe3);
    ok(seen_count == 1 && seen.ExceptionCode == EXCEPTION_FLT_STACK_CHECK, "%d: code %lx",
       seen_count, seen.ExceptionCode);
    __asm__ volatile("fninit");
}

static void test_setup(void)
{
    code_page = VirtualAlloc(NULL, PAGE, MEM_RESERVE | MEM_COMMIT, PAGE_EXECUTE_READWRITE);
    if (!ok(code_page != NULL, "no page for code: %lu", GetLastError()))
        exit(1);
}

CONFORMANCE("hardware faults", test_setup, test_access, test_guard, test_registers, test_arithmetic,
            test_instructions, test_break_points, test_single_step, test_stepping, test_alignment,
            test_sse, test_x87)
