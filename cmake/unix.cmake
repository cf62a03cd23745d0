# SPDX-License-Identifier: LGPL-2.1-or-later
# The Linux half: the `decant` command, ntdll.so, decantserver, and what is tested natively.

find_package(Threads REQUIRED)
find_path(NLS_DIR l_intl.nls PATHS /usr/share/wine/nls NO_DEFAULT_PATH
    DOC "Folder with Wine's NLS data files (Debian: libwine)")

if(DECANT_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined
        -fno-omit-frame-pointer)
    add_link_options(-fsanitize=address,undefined)
endif()

set(DECANT_LIBDIR lib/decant/x86_64-unix)

# NT types from Wine's headers; WCHAR is 16 bits wide, so L"" literals must be too.
set(DECANT_NT_FLAGS -fshort-wchar -fvisibility=hidden)
set(DECANT_NT_DEFINITIONS WINE_UNIX_LIB __WINESRC__ _NTSYSTEM_ _GNU_SOURCE)

# Target properties that every object which speaks NT on the Linux side shares.
function(decant_nt_target target)
    target_compile_options(${target} PRIVATE ${DECANT_NT_FLAGS})
    target_compile_definitions(${target} PRIVATE ${DECANT_NT_DEFINITIONS})
    target_include_directories(${target} SYSTEM PRIVATE ${WINE_HEADERS})
    target_link_libraries(${target} PRIVATE Threads::Threads)
endfunction()

add_subdirectory(dlls/ntdll/unix)
add_subdirectory(loader)
if(EXISTS ${CMAKE_SOURCE_DIR}/server/CMakeLists.txt)
    add_subdirectory(server)
endif()
if(DECANT_TESTS AND EXISTS ${CMAKE_SOURCE_DIR}/tests/CMakeLists.txt)
    enable_testing()
    add_subdirectory(tests)
endif()
if(DECANT_TESTS)
    add_subdirectory(tests/bench)
endif()
