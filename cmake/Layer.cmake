# SPDX-License-Identifier: Apache-2.0
#
# One layer of the architecture is one static library:
#
#   portside_add_layer(<name>
#       SOURCES  <file.c>...        sources, listed one by one
#       HEADERS  <module.h>...      public headers, by their name in include/portside
#       LINK     <lower layer>...   layers it uses, by name (PUBLIC)
#       PRIVATE  <target>...)       libraries of the system it uses
#
# HEADERS form a file set, so that the target all_verify_interface_header_sets proves that each
# header compiles alone. A layer with no source yet is an INTERFACE library.
function(portside_add_layer name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;HEADERS;LINK;PRIVATE")
    set(target "portside_${name}")
    list(TRANSFORM arg_LINK PREPEND "portside_")
    list(TRANSFORM arg_HEADERS PREPEND "${PROJECT_SOURCE_DIR}/include/portside/")
    if(arg_SOURCES)
        add_library(${target} STATIC ${arg_SOURCES})
        set(scope PUBLIC)
        target_link_libraries(${target} PRIVATE portside_flags ${arg_PRIVATE})
    else()
        add_library(${target} INTERFACE)
        set(scope INTERFACE)
    endif()
    target_include_directories(${target} ${scope} "${PROJECT_SOURCE_DIR}/include")
    target_link_libraries(${target} ${scope} ${arg_LINK})
    if(arg_HEADERS)
        target_sources(${target} ${scope} FILE_SET HEADERS
            BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${arg_HEADERS})
        set_target_properties(${target} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
    endif()
endfunction()
