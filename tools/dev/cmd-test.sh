# shellcheck shell=bash disable=SC2154
# SPDX-License-Identifier: Apache-2.0
#
# ./dev test [--all] [--only STAGE[,STAGE…]] [--skip STAGE[,STAGE…]]
#
# Runs the tests and counts them. The stages, in this order:
#
#   unit           each module by itself (Check)
#   lint           the rules that no compiler checks, the purity of the core
#   golden         recorded AdmissionReviews against expected patches and objects
#   script         the address script and the hook under each shell they may meet
#   judge          listener plans read by Kafka's own configuration parser
#   contract       the HTTPS server on loopback, bad input included
#   unit-asan      unit, golden and contract once more with AddressSanitizer and
#   golden-asan    UndefinedBehaviorSanitizer
#   contract-asan
#   fuzz-replay    the fuzz targets over their corpus
#   bench          that ./dev bench works: no figures, but right answers of all, and each scenario
#   image          the container image for amd64 and arm64: contents, bill of materials, that it runs
#   chart          the Helm chart: helm, kubeconform, kube-score (some minutes to build at first)
#   e2e            a real Kubernetes API server (about $minutes_api_server minutes to build at first)
#   controller     the controller on the same: objects, faults, two replicas
#   installed      the chart, installed by helm on the same; rights of portside's own account;
#                  cert-manager (about $minutes_cert_manager minutes to build at first)
#   corpus         every manifest of the field corpus; skipped where there is none
#   nodes          three real nodes with real Kafka, and the chart installed on them; only with --all
#                  or --only, because it needs root, namespaces and cgroups of the machine (skipped
#                  where they cannot be had); ends what tests/e2e/nodes-up left running before
#
# A stage that fails shows the end of its output; all of it is in build/log/test-STAGE.log.
# The last line is the sum: N passed, N failed, N skipped.

# shellcheck source=stages.sh
. "$root/tools/dev/stages.sh"

all=
only=
skip=
while [ $# -gt 0 ]; do
    case $1 in
    --all) all=yes ;;
    --only | --skip)
        [ -n "${2:-}" ] || die "$1 wants a stage: ./dev test --help lists them"
        for stage in ${2//,/ }; do
            [[ " $all_stages " == *" $stage "* ]] || die "no stage '$stage': choose from $all_stages"
        done
        if [ "$1" = --only ]; then only+=" ${2//,/ } "; else skip+=" ${2//,/ } "; fi
        shift
        ;;
    *) die "unknown argument '$1': ./dev test --help" ;;
    esac
    shift
done

[ -n "$all$only" ] || skip+=" $large_stages "
stages=()
for stage in $all_stages; do
    [ -z "$only" ] || [[ $only == *" $stage "* ]] || continue
    [[ $skip != *" $stage "* ]] || continue
    stages+=("$stage")
done
[ ${#stages[@]} -gt 0 ] || die "no stage is left to run"

prepare_stages "${stages[@]}"
for stage in "${stages[@]}"; do
    run_stage "$stage"
done
finish_stages
