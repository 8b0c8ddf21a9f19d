# SPDX-License-Identifier: Apache-2.0
#
# Toolchain file: gcc for another architecture, and its libraries in a folder of their own.
#
#   cmake -DCMAKE_TOOLCHAIN_FILE=cmake/Cross.cmake -DPORTSIDE_TRIPLET=aarch64-linux-gnu \
#       -DPORTSIDE_SYSROOT=$(tools/image/sysroot arm64 libc6-dev …) -DPORTSIDE_TESTS=OFF
#
# tools/image/compile does that.
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES PORTSIDE_TRIPLET PORTSIDE_SYSROOT)

set(CMAKE_SYSTEM_NAME Linux)
string(REGEX MATCH "^[^-]+" CMAKE_SYSTEM_PROCESSOR "${PORTSIDE_TRIPLET}")
set(CMAKE_C_COMPILER "${PORTSIDE_TRIPLET}-gcc")
set(CMAKE_LIBRARY_ARCHITECTURE "${PORTSIDE_TRIPLET}")
set(CMAKE_SYSROOT "${PORTSIDE_SYSROOT}")

# Programs are this machine's, all else is the other one's.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${PORTSIDE_SYSROOT}")
set(ENV{PKG_CONFIG_LIBDIR}
    "${PORTSIDE_SYSROOT}/usr/lib/${PORTSIDE_TRIPLET}/pkgconfig:${PORTSIDE_SYSROOT}/usr/share/pkgconfig")
set(ENV{PKG_CONFIG_PATH} "")
