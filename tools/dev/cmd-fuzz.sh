# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# ./dev fuzz [--minutes N] [TARGET…]
#
# Builds the fuzz targets of tests/fuzz with libFuzzer, ASan and UBSan and runs each one (or those
# named) for N minutes, one if not said otherwise. Seeds: tests/fuzz/corpus and the golden requests.
# What they find and what they learnt is kept in build/fuzz-corpus.

minutes=1
targets=()
while [ $# -gt 0 ]; do
    case $1 in
    --minutes)
        [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || die "--minutes wants a number, as in --minutes 5"
        minutes=$2
        shift
        ;;
    -*) die "unknown option '$1': ./dev fuzz --help" ;;
    *)
        [ -f "$root/tests/fuzz/fuzz_$1.c" ] || die "there is no target '$1': see tests/fuzz"
        targets+=("$1")
        ;;
    esac
    shift
done

# seeds_of TARGET: folders to read seeds from.
seeds_of() {
    [ ! -d "$root/tests/fuzz/corpus/$1" ] || echo "$root/tests/fuzz/corpus/$1"
    [ "$1" != admit ] && [ "$1" != json ] || [ ! -d "$root/build/fuzz-seeds" ] || echo "$root/build/fuzz-seeds"
}

# collect_seeds: the golden requests, under names that cannot collide.
collect_seeds() {
    local file name
    rm -rf "$root/build/fuzz-seeds"
    mkdir -p "$root/build/fuzz-seeds"
    while IFS= read -r -d '' file; do
        name=${file#"$root/tests/golden/"}
        cp "$file" "$root/build/fuzz-seeds/${name//\//-}"
    done < <(find "$root/tests/golden" -name request.json -print0)
}

need build test fuzz
must "building fuzz in build/fuzz" build-fuzz build_preset fuzz
if [ ${#targets[@]} -eq 0 ]; then
    for program in "$root"/build/fuzz/tests/fuzz/fuzz_*; do
        [ ! -x "$program" ] || [ ! -f "$program" ] || targets+=("${program##*/fuzz_}")
    done
fi
[ ${#targets[@]} -gt 0 ] || die "there are no fuzz targets yet"
collect_seeds
failed=0
for target in "${targets[@]}"; do
    program=$root/build/fuzz/tests/fuzz/fuzz_$target
    [ -x "$program" ] || die "no fuzz target '$target': tests/fuzz has them"
    corpus=$root/build/fuzz-corpus/$target
    mkdir -p "$corpus"
    mapfile -t seeds < <(seeds_of "$target")
    dictionary=()
    [ ! -f "$root/tests/fuzz/json.dict" ] || dictionary=("-dict=$root/tests/fuzz/json.dict")
    if step "fuzzing $target for $minutes min" "fuzz-$target" "$program" "-max_total_time=$((minutes * 60))" \
        -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 "-artifact_prefix=$corpus-found-" \
        "${dictionary[@]}" "$corpus" "${seeds[@]}"; then
        sed -n 's/^stat::number_of_executed_units: */    inputs tried: /p' "$log_dir/fuzz-$target.log"
    else
        failed=$((failed + 1))
        show_log "fuzz-$target"
        echo "    the input is in build/fuzz-corpus/$target-found-*: make it a test, then mend it"
    fi
done
echo "$((${#targets[@]} - failed)) passed, $failed failed, 0 skipped"
[ "$failed" -eq 0 ]
