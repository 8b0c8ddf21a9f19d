# SPDX-License-Identifier: Apache-2.0
#
# cmake -DPROGRAM=<generator> -DFILE=<committed file> -P compare.cmake
#
# Fails unless the output of the generator is the committed file, byte by byte.
execute_process(COMMAND "${PROGRAM}" OUTPUT_VARIABLE made RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "'${PROGRAM}' failed: ${status}")
endif()
if(EXISTS "${FILE}")
    file(READ "${FILE}" kept)
endif()
if(NOT made STREQUAL kept)
    message(FATAL_ERROR "'${FILE}' is not what its generator prints: run\n  ${PROGRAM} >${FILE}")
endif()
