# SPDX-License-Identifier: Apache-2.0
#
# Embeds a text file as a NUL-terminated array in a target:
#
#   portside_embed(<target> SYMBOL <c name> HEADER <portside/x.h> FILE <path> [SHELL])
#
# The header declares `extern const char <symbol>[];`. SHELL: the file is a shell script, of which
# comments and indentation stay out (StripShell.cmake); the header also declares
# `extern const struct ps_str <symbol>_json;`, the script as a JSON string that stands in a
# container's command: escaped for JSON, and "$(" and "$$" for kubelet, which would expand them. The
# same file run by `cmake -P` is the generator, so that no other tool is needed to build.
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
    # Hex digits to the initialiser of an array; twelve bytes a line are readable in a debugger.
    function(portside_array bytes variable)
        string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," array "${bytes}")
        string(REPEAT "'.x[0-9a-f][0-9a-f]'," 12 line)
        string(REGEX REPLACE "(${line})" "\\1\n    " array "${array}")
        set(${variable} "${array}" PARENT_SCOPE)
    endfunction()
    portside_array("${bytes}" array)
    get_filename_component(name "${FILE}" NAME)
    file(WRITE "${OUTPUT}"
        "/* SPDX-License-Identifier: Apache-2.0 */\n"
        "/* Generated from ${name} by cmake/Embed.cmake. */\n"
        "#include \"${HEADER}\"\n\n"
        "const char ${SYMBOL}[] = {\n    ${array}'\\0'\n};\n")
    if(SHELL)
        # kubelet: a dollar sign before "(" or another one is written twice.
        string(REGEX REPLACE "(..)" "\\1 " json "${bytes}")
        if(json MATCHES "24 24 24 " OR json MATCHES "(^| )(0[0-8b-f]|1[0-9a-f]) ")
            message(FATAL_ERROR "'${FILE}' holds '$$$' or a control character, which is not foreseen")
        endif()
        string(REPLACE "24 24 " "24 24 24 " json "${json}")
        string(REPLACE "24 28 " "24 24 28 " json "${json}")
        # JSON: backslash, quote, line feed, tabulator.
        string(REPLACE "5c " "5c 5c " json "${json}")
        string(REPLACE "22 " "5c 22 " json "${json}")
        string(REPLACE "0a " "5c 6e " json "${json}")
        string(REPLACE "09 " "5c 74 " json "${json}")
        string(REPLACE " " "" json "22 ${json}22")
        portside_array("${json}" array)
        file(APPEND "${OUTPUT}"
            "\nstatic const char json[] = {\n    ${array}'\\0'\n};\n"
            "const struct ps_str ${SYMBOL}_json = {json, sizeof(json) - 1};\n")
    endif()
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
