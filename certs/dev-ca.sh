#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes a development CA and a server certificate signed by it. Never for production: there,
# portside looks after its own certificates.
#
# Usage: certs/dev-ca.sh [--dir DIR] [--name NAME] [--san LIST] [--days N] [--new-ca] [--new]
#
#   --dir DIR     where the files go (default: $PORTSIDE_CACHE/certs, ~/.cache/portside/certs)
#   --name NAME   NAME.crt and NAME.key, and the subject's common name (default: portside)
#   --san LIST    names and addresses, comma-separated
#                 (default: localhost,127.0.0.1,::1,portside.portside-system.svc)
#   --days N      how long the server certificate is valid (default: 30); the CA: ten years
#   --new         make the server certificate anew even if the present one is good
#   --new-ca      make the CA anew too
#   -h, --help    this text
#
# Files: ca.crt (give it to clients as caBundle), ca.key, NAME.crt, NAME.key; keys with mode 0600.
# Running it again keeps whatever is good: a certificate is made anew when it is missing, ends
# within a day, was signed by another CA or names other SANs. Prints what it did, a line a pair.
#
# Example: certs/dev-ca.sh --dir /tmp/pki --san 127.0.0.1
set -euo pipefail
umask 077

usage() {
    sed -n '4,22s/^# \{0,1\}//p' "$0"
}

die() {
    echo "dev-ca.sh: $*" >&2
    exit 2
}

dir=${PORTSIDE_CACHE:-${HOME:-/root}/.cache/portside}/certs
name=portside
san=localhost,127.0.0.1,::1,portside.portside-system.svc
days=30
new=
new_ca=

while [[ $# -gt 0 ]]; do
    case $1 in
        --dir | --name | --san | --days)
            [[ -n ${2:-} ]] || die "'$1' wants a value, see --help"
            declare "${1#--}=$2"
            shift
            ;;
        --new) new=yes ;;
        --new-ca) new_ca=yes ;;
        -h | --help)
            usage
            exit 0
            ;;
        *) die "unknown argument '$1', see --help" ;;
    esac
    shift
done
[[ $days =~ ^[1-9][0-9]*$ ]] || die "--days wants a whole number above 0, not '$days'"
[[ $name =~ ^[a-z0-9][a-z0-9.-]*$ && $name != ca ]] ||
    die "--name '$name' is not usable as a file name"
command -v openssl >/dev/null || die "openssl is not installed, run: apt-get install openssl"

# typed_sans: a,127.0.0.1,::1 as OpenSSL wants it: DNS:a,IP:127.0.0.1,IP:::1
typed_sans() {
    local item list=() kind
    IFS=, read -ra list <<<"$san"
    for item in "${list[@]}"; do
        kind=DNS
        if [[ $item == *:* || $item =~ ^[0-9.]+$ ]]; then
            kind=IP
        fi
        printf '%s:%s\n' "$kind" "$item"
    done | paste -sd,
}

new_key() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$1"
}

make_ca() {
    new_key ca.key.new
    openssl req -x509 -new -key ca.key.new -days 3650 -subj '/CN=portside development CA' \
        -addext basicConstraints=critical,CA:TRUE,pathlen:0 \
        -addext keyUsage=critical,keyCertSign,cRLSign -out ca.crt.new
    mv ca.key.new ca.key
    mv ca.crt.new ca.crt
    echo "made $dir/ca.crt and ca.key"
}

# is_good: the server certificate can stay.
is_good() {
    [[ -z $new && -f $name.key && -f $name.crt && $(cat "$name.san" 2>/dev/null) == "$sans" ]] &&
        openssl x509 -in "$name.crt" -noout -checkend 86400 >/dev/null &&
        openssl verify -CAfile ca.crt "$name.crt" >/dev/null 2>&1
}

make_server() {
    new_key "$name.key.new"
    openssl req -new -key "$name.key.new" -subj "/CN=$name" -out "$name.csr"
    openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -days "$days" -out "$name.crt.new" \
        -extfile <(printf '%s\n' "subjectAltName=$sans" basicConstraints=critical,CA:FALSE \
            keyUsage=critical,digitalSignature extendedKeyUsage=serverAuth) 2>/dev/null
    rm "$name.csr"
    mv "$name.key.new" "$name.key"
    mv "$name.crt.new" "$name.crt"
    echo "$sans" >"$name.san"
    echo "made $dir/$name.crt and $name.key ($sans, $days days)"
}

mkdir -p "$dir"
cd "$dir"
sans=$(typed_sans)
if [[ -n $new_ca || ! -f ca.key ]] ||
    ! openssl x509 -in ca.crt -noout -checkend 86400 >/dev/null 2>&1; then
    make_ca
fi
if is_good; then
    echo "kept $dir/$name.crt and $name.key"
else
    make_server
fi
chmod 644 ca.crt "$name.crt"
