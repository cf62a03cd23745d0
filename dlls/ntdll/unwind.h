/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Table-based unwinding on x86-64: the tables' format (Microsoft, "x64 exception handling",
 * learn.microsoft.com/cpp/build/exception-handling-x64) and the seams between its files:
 *   unwind_virtual.c   RtlVirtualUnwind
 *   unwind_epilog.c    is this an epilogue?
 *   unwind.c           RtlUnwindEx
 *   function_table.c   which entry describes an address
 *   exception.c        dispatching and raising
 *   exception_entry.S  what cannot be said in C
 */
#ifndef DECANT_NTDLL_UNWIND_H
#define DECANT_NTDLL_UNWIND_H

#include "ntdll.h"

enum unwind_operation {
    UWOP_PUSH_NONVOL = 0,     /* 1 slot */
    UWOP_ALLOC_LARGE = 1,     /* 2 or 3 */
    UWOP_ALLOC_SMALL = 2,     /* 1 */
    UWOP_SET_FPREG = 3,       /* 1 */
    UWOP_SAVE_NONVOL = 4,     /* 2 */
    UWOP_SAVE_NONVOL_FAR = 5, /* 3 */
    UWOP_EPILOG = 6,          /* version 2: 1; version 1: 2, never emitted */
    UWOP_SPARE = 7,           /* 3 */
    UWOP_SAVE_XMM128 = 8,     /* 2 */
    UWOP_SAVE_XMM128_FAR = 9, /* 3 */
    UWOP_PUSH_MACHFRAME = 10, /* 1 */
};

struct unwind_code {
    BYTE prolog_offset; /* of the end of the instruction that did it */
    BYTE operation : 4;
    BYTE info : 4;
};

struct unwind_info {
    BYTE version : 3;
    BYTE flags : 5;
    BYTE prolog_bytes;
    BYTE code_count;
    BYTE frame_register : 4;
    BYTE frame_offset : 4; /* in units of 16 bytes */
    struct unwind_code codes[];
    /* then, at an even count of codes: the handler's RVA and its data, or the parent's entry */
};
_Static_assert(sizeof(struct unwind_info) == 4 && sizeof(struct unwind_code) == 2, "file format");

struct jump_buffer {
    ULONG64 Frame, Rbx, Rsp, Rbp, Rsi, Rdi, R12, R13, R14, R15, Rip;
    ULONG MxCsr;
    USHORT FpCsr, Spare;
    M128A Xmm[10];
};
_Static_assert(sizeof(struct jump_buffer) == 0x100, "MSVC's setjmp.h: _JUMP_BUFFER");

/* Also the flag bits that Wine's headers keep to Wine. */
#ifndef EXCEPTION_UNWINDING
#define EXCEPTION_UNWINDING       0x02
#define EXCEPTION_EXIT_UNWIND     0x04
#define EXCEPTION_STACK_INVALID   0x08
#define EXCEPTION_NESTED_CALL     0x10
#define EXCEPTION_TARGET_UNWIND   0x20
#define EXCEPTION_COLLIDED_UNWIND 0x40
#endif
#define EXCEPTION_UNWIND_BITS (EXCEPTION_UNWINDING | EXCEPTION_EXIT_UNWIND)

/* What an entry says, with the indirection of RUNTIME_FUNCTION_INDIRECT followed. */
const struct unwind_info *unwind_info_of(ULONG64 base, const RUNTIME_FUNCTION *function);
/* The parent's entry behind the codes of an info with UNW_FLAG_CHAININFO. */
static inline const RUNTIME_FUNCTION *unwind_parent(const struct unwind_info *info)
{
    return (const RUNTIME_FUNCTION *)&info->codes[(info->code_count + 1) & ~1];
}

/* If `context` is in an epilogue, runs the rest of it on the context and returns true. */
bool unwind_epilog(ULONG64 base, const RUNTIME_FUNCTION *function, const struct unwind_info *info,
                   CONTEXT *context, KNONVOLATILE_CONTEXT_POINTERS *pointers);

/* One frame up, whatever it is: by its table entry, or as a leaf function. */
void unwind_one(CONTEXT *context);

/* Whether an establisher frame can be one: aligned and on the current stack. */
bool is_valid_frame(ULONG64 frame);

/* Offers the exception to vectored handlers (exception_vectored.c). */
bool call_vectored_handlers(EXCEPTION_RECORD *record, CONTEXT *context);
void call_continue_handlers(EXCEPTION_RECORD *record, CONTEXT *context);

/* exception_entry.S: call the language handler of `dispatch`, in a frame whose own handler tells a nested
 * exception or a collided unwind from others. */
EXCEPTION_DISPOSITION call_exception_handler(EXCEPTION_RECORD *record, ULONG64 frame,
                                             CONTEXT *context, DISPATCHER_CONTEXT *dispatch);
EXCEPTION_DISPOSITION call_unwind_handler(EXCEPTION_RECORD *record, ULONG64 frame,
                                          CONTEXT *context, DISPATCHER_CONTEXT *dispatch);
/* Loads all registers; in a frame that unwinds to `context` calls back first. */
void load_context(const CONTEXT *context) __attribute__((noreturn));
void consolidate_frames(CONTEXT *context, EXCEPTION_RECORD *record) __attribute__((noreturn));

void WINAPI RtlRestoreContext(CONTEXT *context, EXCEPTION_RECORD *record);
BOOLEAN WINAPI RtlDispatchException(EXCEPTION_RECORD *record, CONTEXT *context);

#endif
