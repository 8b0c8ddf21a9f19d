#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Stands where Kafka's own start script stands, and writes down with which arguments it would
# start the broker.
printf '%s\0' "$@" >"$JUDGE_DUMP"
