# SPDX-License-Identifier: Apache-2.0
#
# Compiler flags as INTERFACE targets. Every target of the project links them PRIVATE, so that
# nobody who uses the libraries inherits them and no global variable is edited.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)
include(CheckPIESupported)

# Executables become position independent (-pie) and not only their objects.
check_pie_supported(LANGUAGES C)

# Adds each flag that the compiler knows to the INTERFACE options of <target>.
function(portside_probe_flags target)
    foreach(flag IN LISTS ARGN)
        string(MAKE_C_IDENTIFIER "PORTSIDE_HAS${flag}" known)
        check_c_compiler_flag("${flag}" ${known})
        if(${known})
            target_compile_options(${target} INTERFACE "${flag}")
        endif()
    endforeach()
endfunction()

# Adds each flag that the linker knows to the INTERFACE link options of <target>.
function(portside_probe_link_flags target)
    foreach(flag IN LISTS ARGN)
        string(MAKE_C_IDENTIFIER "PORTSIDE_LINKS${flag}" known)
        check_linker_flag(C "${flag}" ${known})
        if(${known})
            target_link_options(${target} INTERFACE "${flag}")
        endif()
    endforeach()
endfunction()

add_library(portside_version INTERFACE)
target_compile_definitions(portside_version INTERFACE
    PS_VERSION="${PROJECT_VERSION}" _GNU_SOURCE)

# Without format-truncation: messages are cut on purpose, and the warning comes and goes with the
# level of optimisation and with sanitizers.
add_library(portside_warnings INTERFACE)
target_compile_options(portside_warnings INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
    -Wmissing-prototypes -Wformat=2 -Wswitch-enum -Wundef -Wvla -Wcast-qual -Wwrite-strings
    -Wimplicit-fallthrough -Werror=format-security -Werror=implicit-function-declaration
    $<$<C_COMPILER_ID:GNU>:-Wno-format-truncation>
    $<$<C_COMPILER_ID:GNU>:-Wnull-dereference>
    $<$<C_COMPILER_ID:GNU>:-Wduplicated-cond>
    $<$<C_COMPILER_ID:GNU>:-Wlogical-op>
    $<$<C_COMPILER_ID:Clang>:-Wmissing-variable-declarations>)

# "Compiler Options Hardening Guide for C and C++" of the OpenSSF. Each flag is probed because the
# older compilers of Debian 12 lack a few (-fstrict-flex-arrays came with gcc 13 and clang 16).
add_library(portside_hardening INTERFACE)
if(PORTSIDE_HARDENING)
    target_compile_options(portside_hardening INTERFACE
        -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
    portside_probe_flags(portside_hardening
        -fstack-protector-strong -fstack-clash-protection -fstrict-flex-arrays=3
        -fno-delete-null-pointer-checks -fno-strict-overflow -fno-strict-aliasing
        -ftrivial-auto-var-init=zero -fexceptions)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
        portside_probe_flags(portside_hardening -fcf-protection=full)
    elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
        portside_probe_flags(portside_hardening -mbranch-protection=standard)
    endif()
    portside_probe_link_flags(portside_hardening
        -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,-z,nodlopen
        -Wl,--as-needed -Wl,--no-copy-dt-needed-entries)
endif()

# Short functions in many files: a review takes 0.7 of the time if they are inlined across them.
add_library(portside_lto INTERFACE)
if(PORTSIDE_LTO)
    target_compile_options(portside_lto INTERFACE -flto=auto -ffat-lto-objects)
endif()

add_library(portside_sanitize INTERFACE)
if(PORTSIDE_SANITIZE)
    target_compile_options(portside_sanitize INTERFACE
        -fsanitize=${PORTSIDE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(portside_sanitize INTERFACE -fsanitize=${PORTSIDE_SANITIZE})
endif()
if(PORTSIDE_FUZZ)
    target_compile_options(portside_sanitize INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(PORTSIDE_COVERAGE)
    target_compile_options(portside_sanitize INTERFACE --coverage -fprofile-update=atomic)
    target_link_options(portside_sanitize INTERFACE --coverage)
endif()

# Everything above, to be linked PRIVATE by each target that compiles code of the project.
add_library(portside_flags INTERFACE)
target_link_libraries(portside_flags INTERFACE
    portside_version portside_warnings portside_hardening portside_lto portside_sanitize)
