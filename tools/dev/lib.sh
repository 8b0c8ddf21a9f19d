# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# Shared by the sub-commands of ./dev: messages, steps that say how long they took, installing.

log_dir=$root/build/log
jobs=$(nproc 2>/dev/null || echo 2)
verbose=${verbose:-}

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' plain=$'\e[0m'
else
    bold='' red='' green='' plain=''
fi

# die MESSAGE…: one line on standard error, exit status 2.
die() {
    echo "${red}dev: $*${plain}" >&2
    exit 2
}

# What takes long is compiled once: minutes on two processors that have nothing else to do. All helps
# and messages have the numbers from here.
minutes_api_server=6
minutes_nodes=10
minutes_cert_manager=2

# usage_of FILE: the comment block between the licence line and the code is the help.
usage_of() {
    awk 'NR > 1 && /^#/ && !/SPDX-License|^# shellcheck/ { sub(/^# ?/, ""); print; seen = 1; next }
        seen { exit }' "$1" |
        sed "1{/^\$/d}
            s/\\\$minutes_api_server/$minutes_api_server/g
            s/\\\$minutes_nodes/$minutes_nodes/g
            s/\\\$minutes_cert_manager/$minutes_cert_manager/g"
}

# wants_help ARGUMENTS…: true if one of them asks for help.
wants_help() {
    local word
    for word in "$@"; do
        case $word in -h | --help) return 0 ;; esac
    done
    return 1
}

# tick TITLE: shows that a long step lives: seconds on a terminal, a dot each half minute elsewhere.
# It ends when the script does, however that ends.
tick() {
    local start=$SECONDS silence
    # Nothing ever comes out of it: sleep without a process that would outlive this one.
    exec {silence}<> <(:)
    if [ -t 1 ]; then
        until read -rt 1 -u "$silence" || ! kill -0 $$ 2>/dev/null; do
            printf '\r%s==>%s %s %d s ' "$bold" "$plain" "$1" $((SECONDS - start))
        done
    else
        until read -rt 30 -u "$silence" || ! kill -0 $$ 2>/dev/null; do
            printf '.'
        done
    fi
}

# step TITLE LOG COMMAND…: runs a long step with its output in build/log/LOG.log; shows the title and
# the seconds. With --verbose the output is shown too. Returns the status of the command.
step() {
    local title=$1 log=$log_dir/$2.log status=0 start=$SECONDS
    shift 2
    mkdir -p "$log_dir"
    printf '%s==>%s %s ' "$bold" "$plain" "$title"
    if [ -n "$verbose" ]; then
        echo
        "$@" 2>&1 | tee "$log" || status=${PIPESTATUS[0]}
        printf '%s==>%s %s ' "$bold" "$plain" "$title"
    else
        tick "$title" &
        ticker=$!
        "$@" >"$log" 2>&1 </dev/null || status=$?
        kill "$ticker" 2>/dev/null || true
        wait "$ticker" 2>/dev/null || true
        ticker=
        [ ! -t 1 ] || printf '\r\e[K%s==>%s %s ' "$bold" "$plain" "$title"
    fi
    if [ "$status" -eq 0 ]; then
        printf '%s(%d s)%s\n' "$green" $((SECONDS - start)) "$plain"
    else
        printf '%sfailed (%d s)%s\n' "$red" $((SECONDS - start)) "$plain"
    fi
    return "$status"
}

# show_log LOG [LINES]: the end of the log of a step that failed, and where the rest is.
show_log() {
    local log=$log_dir/$1.log
    if [ -z "$verbose" ]; then
        tail -n "${2:-30}" "$log" | sed 's/^/    /'
    fi
    echo "    the whole output is in ${log#"$root"/}"
}

# show_failures LOG: what a suite said about each test that failed (a line that begins with "failed"
# and the indented ones below it); the end of the log where nothing of that form stands.
show_failures() {
    local log=$log_dir/$1.log found
    found=$(awk 'tolower($1) ~ /^failed:?$/ && /^[Ff]/ { rows = 16 }
        rows > 0 && !/^[Ff ]/ { rows = 0 }
        rows > 0 { print; if (--rows == 0) print "    …" }' "$log" | head -n 120)
    if [ -z "$found" ] || [ -n "$verbose" ]; then
        show_log "$1" 40
        return 0
    fi
    printf '%s\n' "$found" | sed 's/^/    /'
    echo "    the whole output is in ${log#"$root"/}"
}

# must TITLE LOG COMMAND…: a step without which there is no point in going on.
must() {
    if ! step "$@"; then
        show_log "$2"
        exit 1
    fi
}

# missing_packages GROUP…: the packages of these groups that are not there.
missing_packages() {
    local group entry list
    for group in "$@"; do
        list=packages_$group
        [ -n "${!list:-}" ] || die "no package group '$group': choose from $package_groups"
        for entry in ${!list}; do
            if [[ $entry == *=* ]] && command -v "${entry#*=}" >/dev/null; then
                continue
            fi
            dpkg-query -W -f '${Status}' "${entry%%=*}" 2>/dev/null |
                grep -q 'install ok installed' || echo "${entry%%=*}"
        done
    done | sort -u
}

# other_architecture: the one of two that have an image which this machine is not of, as in the package
# group of its compiler.
other_architecture() {
    case $(dpkg --print-architecture) in
    arm64) echo amd64 ;;
    *) echo arm64 ;;
    esac
}

# apt_install PACKAGE…
apt_install() {
    local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3)
    if [ "$(id -u)" -ne 0 ]; then
        apt=(sudo "${apt[@]}")
    fi
    "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "$@"
}

# need GROUP…: installs what is missing; says nothing when all is there.
need() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    [ "${#missing[@]}" -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null; then
        die "this machine has no apt-get: install what these packages of Debian 12 hold: ${missing[*]}"
    fi
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        die "not root and no sudo, run as root: apt-get install ${missing[*]}"
    fi
    echo "${bold}==>${plain} packages missing: ${missing[*]}"
    must "installing ${#missing[@]} packages with apt" apt apt_install "${missing[@]}"
}

# What the end-to-end tests need at least (tool lines in go.mod), and what is fetched otherwise; the
# same as in tests/e2e/build.
go_oldest=1.24
go_fetched=1.26.0

# need_go: a Go that is new enough stands first on PATH. Any Go knows how to fetch a module and to
# check it against the public checksums, and each release of Go is a module too; an old one only does
# not know that programs in it must be executable and that src/_go.mod stands for src/go.mod.
need_go() {
    local have folder
    need go
    have=$(go version | sed -E 's/.*go([0-9]+\.[0-9]+).*/\1/')
    if printf '%s\n%s\n' "$go_oldest" "$have" | sort -VC; then
        return 0
    fi
    folder=$(go env GOMODCACHE)/golang.org/toolchain@v0.0.1-go$go_fetched.$(go env GOOS)-$(go env GOARCH)
    if [ ! -x "$folder/bin/go" ]; then
        must "fetching Go $go_fetched, because the installed one is $have" go fetch_go "$folder"
    fi
    export PATH=$folder/bin:$PATH
}

# fetch_go FOLDER: where the module cache unpacks it.
fetch_go() {
    local name
    (cd / && GOFLAGS='' go mod download "golang.org/toolchain@${1##*toolchain@}") || return
    chmod -R u+w "$1" && chmod +x "$1"/bin/* "$1"/pkg/tool/*/* || return
    for name in src src/cmd; do
        [ -e "$1/$name/go.mod" ] || cp "$1/$name/_go.mod" "$1/$name/go.mod" || return
    done
}

# configure PRESET: when that was not done yet or the presets changed; for all else ninja does it.
configure() {
    local stamp=$root/build/$1/configured
    if [ ! -f "$stamp" ] || [ "$root/CMakePresets.json" -nt "$stamp" ]; then
        (cd "$root" && cmake --preset "$1") && touch "$stamp"
    fi
}

# build_preset PRESET: configures and builds, with the headers proved to compile alone.
build_preset() {
    configure "$1" &&
        cmake --build "$root/build/$1" --parallel "$jobs" &&
        cmake --build "$root/build/$1" --parallel "$jobs" --target all_verify_interface_header_sets
}

# build_program: portside alone, optimised, without the tests.
build_program() {
    configure release && cmake --build "$root/build/release" --parallel "$jobs" --target portside
}

# is_preset NAME
is_preset() {
    case $1 in dev | clang | release | asan | tsan | coverage | fuzz) return 0 ;; esac
    return 1
}

# packages_of_preset PRESET: the groups that building it needs.
packages_of_preset() {
    case $1 in
    clang | fuzz) echo build test fuzz ;;
    *) echo build test ;;
    esac
}
