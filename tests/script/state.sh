# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Prints all that a script could notice of what ran before it: it is started twice, with and
# without the hook, and both must print the same. The first line must be the first command.
printf '%s\n' "status $? last $_"
printf '%s|' "args $#" "$@"
printf '\n'
{
    trap
    shopt
    set -o
    declare -f
    declare -F
    alias
    umask
    # Values that differ at every start, and what tells the two runs apart on purpose.
    while IFS= read -r state_line; do
        case $state_line in
        *' BASH_ENV='* | *' PORTSIDE_BASH_ENV='* | *' RANDOM='* | *' SRANDOM='* | *' SECONDS='* | \
            *' EPOCH'* | *' BASHPID='* | *' PPID='* | *' _='* | *' LINENO='* | *' BASH_LINENO='* | \
            *' state_line='* | *' BASH_COMMAND='* | *' BASH_ARG'*) ;;
        *) printf '%s\n' "$state_line" ;;
        esac
    done < <(declare -p)
} 2>&1
