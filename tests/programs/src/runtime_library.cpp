// SPDX-License-Identifier: LGPL-2.1-or-later
#define LIBRARY
#include "runtime.h"

static int alive;

struct Frame {
    Frame() { alive++; }
    ~Frame() { alive--; }
};

void library_throw(int code)
{
    Frame frame;

    throw LibraryError("library", code);
}

int library_catch(void (*callback)(int), int value)
{
    Frame frame;

    try {
        callback(value);
    } catch (const LibraryError &error) {
        return error.code;
    }
    return -1;
}

void library_pass(void (*callback)(int), int value)
{
    Frame frame;

    callback(value);
}

int library_alive()
{
    return alive;
}
