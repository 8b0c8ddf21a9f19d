/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `portside review` share. Nobody else includes it. */
#pragma once

#include "portside/admit.h"
#include "portside/arena.h"
#include "portside/buf.h"
#include "portside/cli.h"
#include "portside/config.h"
#include "portside/json.h"
#include "portside/str.h"

/* Name of the file that makes a folder a golden case. */
#define PS_CASE_REQUEST "request.json"

/* One run of the command. */
struct ps_session {
    const struct ps_cli *cli;
    struct ps_arena *names;  /* of the inputs */
    struct ps_arena *arena;  /* files and comparisons; given back after each input */
    struct ps_arena *admits; /* of ps_admit() alone, as large as the server's */
    struct ps_config config; /* of the file of --config, or the defaults */
    const char *config_path; /* NULL: no file */
    struct ps_str config_text;
    bool json;
    bool response;
    bool full;
    bool update;
    size_t passed;
    size_t failed;
    size_t skipped;
    int exit_code;
};

/* One thing to review. */
struct ps_input {
    const char *path;
    bool is_case;  /* path is a folder with PS_CASE_REQUEST */
    bool is_named; /* given on the command line, not found in a folder */
};

struct ps_inputs {
    size_t count;
    struct ps_input *list;
};

/*
 * Finds what the operands name: files, "-", golden cases, folders of golden cases; sorted by name
 * within each operand. PS_CODE_INPUT if an operand holds nothing to review.
 */
struct ps_status ps_inputs_find(struct ps_arena *arena, int count, char **operands,
                                struct ps_inputs *ret_inputs, struct ps_error *err) PS_MUST_USE;
/* True if path/name is a file. */
bool ps_inputs_has(const char *path, const char *name);

/* Calls ps_admit() and copies the answer out of its arena into that of session. */
void ps_session_decide(const struct ps_session *session, const struct ps_policy *policy,
                       struct ps_str text, struct ps_admission *ret_admission);

/* What the answer says besides the decision; absent parts are empty or NULL. */
struct ps_reply {
    bool allowed;
    struct ps_str message;      /* of a refusal; the body's text if it is no review */
    const struct ps_json *root; /* the answer, parsed; NULL if it is no review */
    const struct ps_json *audit;
    const struct ps_json *patch; /* parsed; NULL if there is none */
};

struct ps_status ps_reply_read(struct ps_arena *arena, const struct ps_admission *admission,
                               struct ps_reply *ret_reply, struct ps_error *err) PS_MUST_USE;

/* The object that request (text of a review) carries, after the patch. PS_CODE_INPUT on failure. */
struct ps_status ps_patched_object(struct ps_arena *arena, struct ps_str request,
                                   const struct ps_json *patch, const struct ps_json **ret_object,
                                   struct ps_error *err) PS_MUST_USE;

/* Verdict, reason, warnings and changes for a person. */
void ps_show_review(const struct ps_session *session, const char *label, struct ps_str request,
                    const struct ps_admission *admission, const struct ps_reply *reply);
/* The changes alone, operation by operation. */
void ps_show_changes(const struct ps_session *session, const struct ps_json *object,
                     const struct ps_json *patch);
/* value in the manner of YAML; long texts as a count of their lines unless full. */
struct ps_str ps_value_text(struct ps_arena *arena, const struct ps_json *value, bool full);
/* Each line of text behind mark ('+', '-' or ' ') in the colour that belongs to it. */
void ps_show_marked(const struct ps_term *term, char mark, struct ps_str text);

/* A difference between a golden case and what happens. */
struct ps_difference {
    const char *title;
    struct ps_str text; /* lines that begin with '-', '+', ' ' or '@'; may be empty */
};

#define PS_DIFFERENCES_MAX 8

struct ps_differences {
    size_t count;
    struct ps_difference list[PS_DIFFERENCES_MAX];
};

/* One line of JSON; differences is NULL unless it was a golden case. */
void ps_show_json(const struct ps_session *session, const char *label,
                  const struct ps_admission *admission, const struct ps_reply *reply,
                  const struct ps_differences *differences);

/* Compares a golden case with its expected files, or writes them. */
struct ps_status ps_case_check(const struct ps_session *session, const char *folder,
                               const struct ps_policy *policy, struct ps_str request,
                               const struct ps_admission *admission, const struct ps_reply *reply,
                               struct ps_differences *ret_differences,
                               struct ps_error *err) PS_MUST_USE;

/* "folder/name" with a NUL behind it. */
const char *ps_path_join(struct ps_arena *arena, const char *folder, const char *name);

/*
 * The same JSON with white space of our own: containers nested less than depth deep are broken
 * into lines, deeper ones stay on theirs. Every token keeps its bytes.
 */
struct ps_str ps_pretty(struct ps_arena *arena, struct ps_str json, size_t depth);

/* The two embedded scripts, as they stand in patches, against a short word, and back. */
struct ps_str ps_scripts_hide(struct ps_arena *arena, struct ps_str json);
struct ps_str ps_scripts_restore(struct ps_arena *arena, struct ps_str json);

/* Difference of two texts by lines, with a little context; empty if they are equal. */
struct ps_str ps_textdiff(struct ps_arena *arena, struct ps_str expected, struct ps_str actual);
