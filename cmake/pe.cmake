# SPDX-License-Identifier: LGPL-2.1-or-later
# The PE half: the DLLs, and the conformance and demo programs.

enable_language(RC OPTIONAL)
find_program(DLLTOOL NAMES ${CMAKE_DLLTOOL} x86_64-w64-mingw32-dlltool dlltool REQUIRED)

# CMake's list would resolve what one of our DLLs lacks from mingw's import libraries: ntdll.dll would
# import kernel32.dll instead of failing to link. gcc adds what programs need by itself.
set(CMAKE_C_STANDARD_LIBRARIES "")

set(DECANT_PEDIR lib/decant/x86_64-windows)

# dlltool makes symbols out of the library's path as it is given, so it is given a bare name.
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/implib)

# decant_dll(NAME sources... [IMPORTS dll...])
# One of our own DLLs: no C runtime, exports from NAME.def beside its CMakeLists.txt, an import
# library made from the same list, ENTRY other than DllMain (0: none), a fixed time stamp so that builds are reproducible.
function(decant_dll name)
    cmake_parse_arguments(ARG "" "ENTRY" "SOURCES;IMPORTS;DEFINITIONS" ${ARGN})
    set(def ${CMAKE_CURRENT_SOURCE_DIR}/${name}.def)
    set(implib ${CMAKE_BINARY_DIR}/implib/lib${name}.a)
    add_custom_command(OUTPUT ${implib}
        COMMAND ${DLLTOOL} -m i386:x86-64 -d ${def} -l lib${name}.a -D ${name}.dll
        WORKING_DIRECTORY ${CMAKE_BINARY_DIR}/implib
        DEPENDS ${def} COMMENT "Import library of ${name}.dll")
    add_custom_target(${name}_implib DEPENDS ${implib})

    add_library(${name} SHARED ${ARG_SOURCES})
    set_target_properties(${name} PROPERTIES PREFIX "" SUFFIX ".dll" LINK_DEPENDS ${def})
    target_compile_options(${name} PRIVATE -ffreestanding -fno-builtin
        # What makes a function public is the .def; the headers do not declare all of them.
        $<$<COMPILE_LANGUAGE:C>:-Wno-attributes -Wno-missing-prototypes>
        $<$<C_COMPILER_ID:Clang>:-Wno-unknown-pragmas -Wno-inconsistent-dllimport>)
    target_compile_definitions(${name} PRIVATE __WINESRC__ ${ARG_DEFINITIONS})
    target_include_directories(${name} SYSTEM PRIVATE ${WINE_HEADERS})
    set(imports "")
    foreach(import ${ARG_IMPORTS})
        list(APPEND imports ${CMAKE_BINARY_DIR}/implib/lib${import}.a)
        add_dependencies(${name} ${import}_implib)
    endforeach()
    if(NOT DEFINED ARG_ENTRY)
        set(ARG_ENTRY DllMain)
    endif()
    target_link_options(${name} PRIVATE -nostdlib -shared -Wl,-e,${ARG_ENTRY} ${def}
        -Wl,--no-insert-timestamp -Wl,--dynamicbase -Wl,--high-entropy-va -Wl,--nxcompat
        -Wl,--disable-auto-import -Wl,--gc-sections -Wl,--enable-stdcall-fixup
        -Wl,--file-alignment,4096)
    # libgcc for the compiler's own helpers, after our objects and imports.
    target_link_libraries(${name} PRIVATE ${imports} gcc)
    install(TARGETS ${name} RUNTIME DESTINATION ${DECANT_PEDIR})
endfunction()

add_subdirectory(dlls/ntdll)
add_subdirectory(dlls/kernelbase)
add_subdirectory(dlls/kernel32)
file(GLOB small_dlls CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/dlls/*/CMakeLists.txt)
foreach(dll ${small_dlls})
    get_filename_component(folder ${dll} DIRECTORY)
    get_filename_component(dll_name ${folder} NAME)
    if(NOT dll_name MATCHES "^(ntdll|kernelbase|kernel32)$")
        add_subdirectory(${folder})
    endif()
endforeach()
if(DECANT_TESTS AND EXISTS ${CMAKE_SOURCE_DIR}/conformance/CMakeLists.txt)
    add_subdirectory(conformance)
endif()
if(DECANT_TESTS)
    add_subdirectory(tests/bench)
    add_subdirectory(tests/fuzz)
endif()
if(EXISTS ${CMAKE_SOURCE_DIR}/demo/CMakeLists.txt)
    add_subdirectory(demo)
endif()
