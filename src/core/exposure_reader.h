/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One reading of an object's annotations, private to the exposure parser: where values go, where
 * they come from, and how a problem is worded.
 */
#pragma once

#include "exposure_keys.h"

/* Longer values are refused before they are looked at. Kubernetes allows 256 KiB for all. */
#define PS_EXPOSURE_VALUE_MAX 4096
#define PS_EXPOSURE_TOTAL_MAX 32768

/* The highest ordinal for which there must be a port: three brokers are Kafka's usual least. */
#define PS_EXPOSURE_ORDINAL_PLAUSIBLE 2

enum ps_exposure_source {
    PS_EXPOSURE_OF_TABLE = 0, /* the default of the row */
    PS_EXPOSURE_OF_INSTALLATION,
    PS_EXPOSURE_OF_OBJECT,
};

struct ps_exposure_reader {
    struct ps_arena *arena;
    const struct ps_policy *policy;
    struct ps_exposures *exposures; /* under construction */
    struct ps_exposure *exposure;   /* the one of list that is being read */
    struct ps_exposure_problem *problem;
    enum ps_exposure_key_id key; /* the row that is being read */
    enum ps_exposure_source source;
    size_t name_count; /* of portside.dev/listeners */
    struct ps_str names[PS_EXPOSURES_MAX];
    /* The one of names that is being read; the annotations of all brokers are with the first. */
    size_t index;
    /* What the object itself states, trimmed; empty views where it is silent. */
    struct ps_str stated[PS_EXPOSURES_MAX][PS_EXPOSURE_KEY_COUNT];
};

/* text for a message: what a terminal might act upon is escaped, what is long is cut. */
struct ps_str ps_exposure_show(struct ps_arena *arena, struct ps_str text);

/* These fill the problem in and return false. The key is put in front of text. */
bool ps_exposure_refuse(struct ps_exposure_reader *reader, struct ps_str text);
/* "'value' is not <what>: use <values>", in the words of the row. */
bool ps_exposure_refuse_value(struct ps_exposure_reader *reader, struct ps_str value);
/* As ps_exposure_refuse, for what is known but has no effect yet. */
bool ps_exposure_refuse_unsupported(struct ps_exposure_reader *reader, struct ps_str text);

/* Readers of the columns of PS_EXPOSURE_KEYS. */
ps_exposure_read ps_exposure_read_word;
ps_exposure_read ps_exposure_read_inject;
ps_exposure_read ps_exposure_read_listeners;
ps_exposure_read ps_exposure_read_type;
ps_exposure_read ps_exposure_read_listener_name;
ps_exposure_read ps_exposure_read_listener_port;
ps_exposure_read ps_exposure_read_protocol;
ps_exposure_read ps_exposure_read_node_port;
ps_exposure_read ps_exposure_read_node_port_base;
ps_exposure_read ps_exposure_read_address_types;
ps_exposure_read ps_exposure_read_advertised_host;
ps_exposure_read ps_exposure_read_advertised_port;
ps_exposure_read ps_exposure_read_addresses;
ps_exposure_read ps_exposure_read_ip_families;
ps_exposure_read ps_exposure_read_secret;
ps_exposure_read ps_exposure_read_duration;
ps_exposure_read ps_exposure_read_container;
ps_exposure_read ps_exposure_read_family;
ps_exposure_read ps_exposure_read_delivery;
ps_exposure_read ps_exposure_read_traffic_policy;
ps_exposure_read ps_exposure_read_bootstrap;
ps_exposure_read ps_exposure_read_allocate;
ps_exposure_read ps_exposure_read_shared_port;
ps_exposure_read ps_exposure_read_on_missing;
ps_exposure_read ps_exposure_read_ip_family_policy;
ps_exposure_read ps_exposure_read_ranges;
ps_exposure_read ps_exposure_read_class;
ps_exposure_read ps_exposure_read_label;
ps_exposure_read ps_exposure_read_service_annotations;
ps_exposure_read ps_exposure_read_bootstrap_annotations;
ps_exposure_read ps_exposure_read_env;

/* True if name may name an exposure: a DNS label (RFC 1123) of at most 40 bytes. */
bool ps_exposure_is_name(struct ps_str name);

/* True if the object itself states the row, and not by its default. */
bool ps_exposure_is_stated(const struct ps_exposure_reader *reader, enum ps_exposure_key_id id);

/* exposure_check.c: what the rows of the exposure say one by one is right, but not together. */
bool ps_exposure_check_together(struct ps_exposure_reader *reader);

/* exposure_check.c: the exposure against those before it. */
bool ps_exposure_check_others(struct ps_exposure_reader *reader);

/* Index of name in names; name_count if it is not there. */
size_t ps_exposure_find_name(const struct ps_exposure_reader *reader, struct ps_str name);

/*
 * Fills stated in; names must be known. False with the problem filled in if a key or the type or
 * size of a value is wrong.
 */
bool ps_exposure_sort(struct ps_exposure_reader *reader, const struct ps_json *annotations);
