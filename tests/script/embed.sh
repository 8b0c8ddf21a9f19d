# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# cmake/StripShell.cmake: comments and indentation go, nothing else.
# shellcheck disable=SC2016,SC2154 # scripts, scratch and strip come from run

# stripped TEXT: prints what is left of it.
stripped() {
    printf '%s' "$1" >"$scratch/strip.in"
    cmake -DFILE="$scratch/strip.in" -DOUTPUT="$scratch/strip.out" -P "$strip" && cat "$scratch/strip.out"
}

# strips NAME TEXT EXPECTED
strips() { same "embed: $1" "$3" "$(stripped "$2")"; }

# keeps NAME TEXT: nothing of it may go.
keeps() { strips "$1" "$2" "$2"; }

# What bash has understood of a text, without the comments.
understood() {
    bash -c "whole() {
$(cat "$1")
}
declare -f whole" && bash -n "$1"
}

test_lines() {
    strips 'comments and blank lines' $'#!/bin/sh\n# a\n\n  # b\necho a\n\t\n#' 'echo a'
    strips 'indentation' $'if a; then\n    b\n\tc\nfi' $'if a; then\nb\nc\nfi'
    strips 'a comment behind a command stays' $'  echo a # it\'s\n  # b\necho c' $'echo a # it\'s\necho c'
    keeps 'no comment: within a word' $'echo a#\'b\n # c\'\necho ${#x} ${x#\'y\n # z\'}'
    keeps 'no comment: quoted' $'echo \'# a\' "# b" \\# c'
    strips 'a list with comments' $'a=(b\n    # c\n    d)' $'a=(b\nd)'
    strips 'the last line without its end' $'a\n  b' $'a\nb'
    strips 'semicolons and brackets, which mean something to CMake' $'  a;b;;c [d] ]e[ [[ f ]]; [=[ ${g} @h@' 'a;b;;c [d] ]e[ [[ f ]]; [=[ ${g} @h@'
    strips 'backslashes' $'  a \\\\ \\n \\; \\"\n  # b' 'a \\ \n \; \"'
}

test_strings() {
    keeps 'single quotes over lines' $'a=\'\n  # b\n\n  c\'\nd'
    keeps 'double quotes over lines' $'a="\n  # b\n\n  c $d"\ne'
    keeps 'quotes in quotes' $'a="it\'s\n  # b" c=\'say "\n  # d\''
    keeps 'an escaped quote' $'a="b \\"\n  # c"\nd=\\"e'
    keeps 'ANSI quotes' $'a=$\'b\\\'\n  # c\'\nd'
    strips 'after a string' $'  a=\'\n  b\'\n  # c\n  d' $'a=\'\n  b\'\nd'
    strips 'nested in an expansion' $'  a=${b#"${b%%[!$c]*}"} "${d%"${d#?}"}"\n  # e' 'a=${b#"${b%%[!$c]*}"} "${d%"${d#?}"}"'
}

test_joined_lines() {
    strips 'a continued line keeps a blank' $'  a \\\n      b' $'a \\\n b'
    strips 'a continued word stays one word' $'  a\\\nb' $'a\\\nb'
    keeps 'no comment: continued' $'echo a\\\n#b'
    strips 'two backslashes continue nothing' $'a \\\\\n  # b\nc' $'a \\\\\nc'
    strips 'a backslash at the end of a comment continues nothing' $'# a \\\n  b' b
}

test_documents() {
    keeps 'a here-document' $'cat <<END\n  # a\n\n  b \'c\nEND\nd'
    keeps 'with quotes' $'cat <<\'END\'\n  # $a "\nEND\nb'
    keeps 'with tabs' $'cat <<-END\n\t# a\n\tEND\nb'
    strips 'and after it' $'  cat <<END\n  # a\nEND\n  # b\n  c' $'cat <<END\n  # a\nEND\nc'
    strips 'a here-string is none' $'  cat <<<a\n  # b' 'cat <<<a'
}

# bash prints what it has understood in a form of its own: it must be the same.
test_scripts() {
    local script
    for script in address.sh hook.bash; do
        same "embed: $script means the same" "$(understood "$scripts/$script")" "$(understood "$scratch/embedded/$script")"
        same "embed: $script has no comment left" '' "$(grep -n '^[[:blank:]]*#' "$scratch/embedded/$script" || :)"
        holds "embed: $script is shorter by a fifth" \
            test "$(($(wc -c <"$scratch/embedded/$script") * 5))" -lt "$(($(wc -c <"$scripts/$script") * 4))"
        printf '         %s: %d bytes instead of %d\n' "$script" "$(wc -c <"$scratch/embedded/$script")" \
            "$(wc -c <"$scripts/$script")"
    done
}

test_lines
test_strings
test_joined_lines
test_documents
test_scripts
