/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 8259 by the letter, in one pass: what a lenient reader would make of control characters,
 * invalid UTF-8, "01" or U+0000 would not be what the API server makes of it.
 *
 * No recursion: open containers stand on a small stack.
 */
#include <stdlib.h>
#include <string.h>

#include "json_lex.h"
#include "json_tree.h"

#define NODES_FIRST 64U /* allocated at once; each time twice as many */
#define NODES_MAX 4096U
/* Objects with as many members are searched for equal keys pair by pair, larger ones sorted. */
#define PAIRS_MAX 16U

struct parse {
    struct ps_json_lex lex;
    struct ps_arena *arena;
    struct ps_json *nodes; /* not used yet */
    size_t nodes_left;
    size_t nodes_next; /* how many are allocated next */
    struct ps_json *root;
    struct ps_json *open[PS_JSON_DEPTH_MAX];
    size_t depth;
    struct ps_str key; /* of the next value, if an object is open */
};

static struct ps_status bad(struct parse *parse, const char *what)
{
    return ps_json_lex_bad(&parse->lex, what);
}

static char peek(const struct parse *parse)
{
    return ps_json_lex_peek(&parse->lex);
}

static void skip_space(struct parse *parse)
{
    char c = peek(parse);
    if (c > ' ') {
        return;
    }
    while (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
        parse->lex.at++;
        c = peek(parse);
    }
}

/* A new node, child of the innermost open container. */
static struct ps_json *add_node(struct parse *parse, enum ps_json_type type)
{
    if (parse->nodes_left == 0) {
        parse->nodes_left = parse->nodes_next;
        parse->nodes = ps_arena_alloc(parse->arena, parse->nodes_left * sizeof(*parse->nodes));
        parse->nodes_next *= parse->nodes_next < NODES_MAX ? 2 : 1;
    }
    struct ps_json *node = parse->nodes++;
    parse->nodes_left--;
    *node = (struct ps_json){.type = type};
    if (parse->depth == 0) {
        node->prev = node;
        parse->root = node;
        return node;
    }
    struct ps_json *parent = parse->open[parse->depth - 1];
    if (parent->type == PS_JSON_OBJECT) {
        node->key = parse->key.ptr;
        node->key_len = (uint32_t)parse->key.len;
    }
    ps_json_append(parent, node);
    return node;
}

static struct ps_status take_string(struct parse *parse)
{
    struct ps_str text;
    PS_TRY(ps_json_lex_string(&parse->lex, &text));
    struct ps_json *node = add_node(parse, PS_JSON_STRING);
    node->text = text.ptr;
    node->text_len = (uint32_t)text.len;
    return ps_success();
}

static struct ps_status take_number(struct parse *parse)
{
    double number;
    PS_TRY(ps_json_lex_number(&parse->lex, &number));
    add_node(parse, PS_JSON_NUMBER)->number = number;
    return ps_success();
}

static struct ps_status take_literal(struct parse *parse, struct ps_str word,
                                     enum ps_json_type type)
{
    struct ps_json_lex *lex = &parse->lex;
    if (!ps_str_equal(ps_str_slice(lex->text, lex->at, lex->at + word.len), word)) {
        return bad(parse, "a value is wanted");
    }
    lex->at += word.len;
    add_node(parse, type)->truth = word.ptr[0] == 't';
    return ps_success();
}

static struct ps_status open_container(struct parse *parse, enum ps_json_type type)
{
    if (parse->depth == PS_JSON_DEPTH_MAX) {
        return bad(parse, "nested too deeply");
    }
    struct ps_json *node = add_node(parse, type);
    node->child = NULL;
    parse->open[parse->depth++] = node;
    parse->lex.at++;
    return ps_success();
}

/* A scalar, or the opening bracket of a container. */
static struct ps_status take_value(struct parse *parse)
{
    switch (peek(parse)) {
    case '"':
        return take_string(parse);
    case '{':
        return open_container(parse, PS_JSON_OBJECT);
    case '[':
        return open_container(parse, PS_JSON_ARRAY);
    case 't':
        return take_literal(parse, PS_STR("true"), PS_JSON_BOOL);
    case 'f':
        return take_literal(parse, PS_STR("false"), PS_JSON_BOOL);
    case 'n':
        return take_literal(parse, PS_STR("null"), PS_JSON_NULL);
    default:
        return parse->lex.at < parse->lex.text.len ? take_number(parse)
                                                   : bad(parse, "the text ends too early");
    }
}

static struct ps_status take_key(struct parse *parse)
{
    skip_space(parse);
    if (peek(parse) != '"') {
        return bad(parse, "a key in quotes is wanted");
    }
    PS_TRY(ps_json_lex_string(&parse->lex, &parse->key));
    skip_space(parse);
    if (peek(parse) != ':') {
        return bad(parse, "a colon is wanted");
    }
    parse->lex.at++;
    return ps_success();
}

/* The bracket that closes the innermost open container. */
static char closing(const struct parse *parse)
{
    return parse->open[parse->depth - 1]->type == PS_JSON_OBJECT ? '}' : ']';
}

/* Closes what ends at the cursor; *ret_more says that another element follows. */
static struct ps_status after_value(struct parse *parse, bool *ret_more)
{
    *ret_more = false;
    while (parse->depth > 0) {
        skip_space(parse);
        char c = peek(parse);
        if (c == ',') {
            parse->lex.at++;
            *ret_more = true;
            return closing(parse) == '}' ? take_key(parse) : ps_success();
        }
        if (c != closing(parse)) {
            return bad(parse, parse->lex.at < parse->lex.text.len
                                  ? "a comma or the end of the list is wanted"
                                  : "the text ends too early");
        }
        parse->lex.at++;
        parse->depth--;
    }
    return ps_success();
}

static struct ps_status take_all(struct parse *parse)
{
    bool more = true;
    while (more) {
        skip_space(parse);
        size_t depth = parse->depth;
        PS_TRY(take_value(parse));
        if (parse->depth > depth) {
            skip_space(parse);
            if (peek(parse) != closing(parse)) {
                if (closing(parse) == '}') {
                    PS_TRY(take_key(parse));
                }
                continue;
            }
        }
        PS_TRY(after_value(parse, &more));
    }
    skip_space(parse);
    if (parse->lex.at < parse->lex.text.len) {
        return bad(parse, "there is something behind the value");
    }
    return ps_success();
}

static bool same_key(const struct ps_json *a, const struct ps_json *b)
{
    return a->key_len == b->key_len && memcmp(a->key, b->key, a->key_len) == 0;
}

static int by_key(const void *a, const void *b)
{
    const struct ps_json *const *left = a;
    const struct ps_json *const *right = b;
    return ps_str_compare(ps_json_key(*left), ps_json_key(*right));
}

/* The first key that occurs twice in a large object, NULL if none does. */
static const char *duplicate_by_sorting(struct ps_arena *arena, const struct ps_json *object)
{
    size_t count = ps_json_count(object);
    const struct ps_json **members = ps_arena_alloc(arena, count * sizeof(*members));
    const char *found = NULL;
    size_t i = 0;
    for (const struct ps_json *child = object->child; child != NULL; child = child->next) {
        members[i++] = child;
    }
    qsort(members, count, sizeof(const struct ps_json *), by_key);
    for (i = 1; i < count && found == NULL; i++) {
        if (same_key(members[i - 1], members[i])) {
            found = members[i]->key;
        }
    }
    ps_arena_release(arena, members);
    return found;
}

static const char *duplicate_key(struct ps_arena *arena, const struct ps_json *object)
{
    size_t count = 0;
    for (const struct ps_json *child = object->child; child != NULL; child = child->next) {
        if (++count > PAIRS_MAX) {
            return duplicate_by_sorting(arena, object);
        }
        for (const struct ps_json *elder = object->child; elder != child; elder = elder->next) {
            if (same_key(elder, child)) {
                return child->key;
            }
        }
    }
    return NULL;
}

static bool is_container(const struct ps_json *node)
{
    return node->type == PS_JSON_OBJECT || node->type == PS_JSON_ARRAY;
}

/* Depth is bounded by the parser. */
static struct ps_status refuse_duplicates(struct ps_arena *arena, const struct ps_json *node,
                                          struct ps_error *err)
{
    if (node->type == PS_JSON_OBJECT) {
        const char *key = duplicate_key(arena, node);
        if (key != NULL) {
            return ps_fail(err, PS_CODE_INPUT, "invalid JSON: key '%.200s' occurs twice", key);
        }
    }
    for (const struct ps_json *child = node->child; child != NULL; child = child->next) {
        if (is_container(child)) {
            PS_TRY(refuse_duplicates(arena, child, err));
        }
    }
    return ps_success();
}

struct ps_status ps_json_parse(struct ps_arena *arena, struct ps_str text,
                               struct ps_json **ret_root, struct ps_error *err)
{
    if (text.len >= UINT32_MAX) {
        return ps_fail(err, PS_CODE_INPUT, "invalid JSON: 4 GiB are too much");
    }
    struct parse parse;
    parse.lex = (struct ps_json_lex){
        .text = text,
        .out = ps_arena_alloc(arena, PS_JSON_LEX_ROOM(text)),
        .err = err,
    };
    parse.arena = arena;
    parse.nodes_left = 0;
    parse.nodes_next = NODES_FIRST;
    parse.depth = 0;
    PS_TRY(take_all(&parse));
    if (is_container(parse.root)) {
        PS_TRY(refuse_duplicates(arena, parse.root, err));
    }
    *ret_root = parse.root;
    return ps_success();
}
