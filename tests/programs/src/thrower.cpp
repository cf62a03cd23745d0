// SPDX-License-Identifier: LGPL-2.1-or-later
// A DLL that throws: the exception is caught in the program.
#include <stdexcept>
#include <string>

extern "C" __declspec(dllexport) void thrower(int n)
{
    if (n > 2)
        throw std::runtime_error("thrown in a DLL: " + std::to_string(n));
}
