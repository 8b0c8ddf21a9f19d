# SPDX-License-Identifier: Apache-2.0
#
# Embeds a text file as a NUL-terminated array in a target:
#
#   portside_embed(<target> SYMBOL <c name> HEADER <portside/x.h> FILE <path> [SHELL])
#
# The header declares `extern const char <symbol>[];`. SHELL: the file is a shell script, of which
# comments and indentation stay out (StripShell.cmake). The same file run by `cmake -P` is the
# generator, so that no other tool is needed to build.
if(CMAKE_SCRIPT_MODE_FILE)
    cmake_minimum_required(VERSION 3.25)
    if(SHELL)
        include("${CMAKE_CURRENT_LIST_DIR}/StripShell.cmake")
        file(READ "${FILE}" text)
        portside_strip_shell("${text}" text)
        string(HEX "${text}" bytes)
    else()
        file(READ "${FILE}" bytes HEX)
    endif()
    if(bytes STREQUAL "")
        message(FATAL_ERROR "'${FILE}' is empty: there is nothing to embed")
    endif()
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," array "${bytes}")
    # Twelve bytes a line keep the generated file readable in a debugger.
    string(REPEAT "'.x[0-9a-f][0-9a-f]'," 12 line)
    string(REGEX REPLACE "(${line})" "\\1\n    " array "${array}")
    get_filename_component(name "${FILE}" NAME)
    file(WRITE "${OUTPUT}"
        "/* SPDX-License-Identifier: Apache-2.0 */\n"
        "/* Generated from ${name} by cmake/Embed.cmake. */\n"
        "#include \"${HEADER}\"\n\n"
        "const char ${SYMBOL}[] = {\n    ${array}'\\0'\n};\n")
    return()
endif()

set(PORTSIDE_EMBED_SCRIPT "${CMAKE_CURRENT_LIST_FILE}")
set(PORTSIDE_STRIP_SCRIPT "${CMAKE_CURRENT_LIST_DIR}/StripShell.cmake")

function(portside_embed target)
    cmake_parse_arguments(PARSE_ARGV 1 arg "SHELL" "SYMBOL;HEADER;FILE" "")
    cmake_path(ABSOLUTE_PATH arg_FILE BASE_DIRECTORY "${CMAKE_CURRENT_SOURCE_DIR}")
    set(output "${CMAKE_CURRENT_BINARY_DIR}/${arg_SYMBOL}.c")
    add_custom_command(
        OUTPUT "${output}"
        COMMAND "${CMAKE_COMMAND}" "-DFILE=${arg_FILE}" "-DOUTPUT=${output}"
            "-DSYMBOL=${arg_SYMBOL}" "-DHEADER=${arg_HEADER}" "-DSHELL=${arg_SHELL}" -P "${PORTSIDE_EMBED_SCRIPT}"
        DEPENDS "${arg_FILE}" "${PORTSIDE_EMBED_SCRIPT}" "${PORTSIDE_STRIP_SCRIPT}"
        COMMENT "Embedding ${arg_FILE}"
        VERBATIM)
    target_sources(${target} PRIVATE "${output}")
endfunction()
