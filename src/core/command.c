/* SPDX-License-Identifier: Apache-2.0 */
/* Words, not a parser: what is not plain to see in a command stays unknown. */
#include "command.h"

#include "portside/buf.h"

static const char *const broker_starts[] = {"kafka-server-start",    "/etc/confluent/docker/run",
                                            "/etc/kafka/docker/run", "scripts/kafka/run.sh",
                                            "start-kafka",           "kafka_server.sh",
                                            "kafka.Kafka",           NULL};

static const char *const other_starts[] = {
    "zookeeper-server-start",    "zkServer.sh",          "connect-distributed",
    "connect-standalone",        "connect-mirror-maker", "kafka-mirror-maker",
    "schema-registry-start",     "ksql-server-start",    "kafka-rest-start",
    "jmx_prometheus_httpserver", "kafka_exporter",       NULL};

static const char *const idle_words[] = {"sleep",          "tail",           "kafka-topics",
                                         "kafka-console",  "kafka-configs",  "kafka-acls",
                                         "kafka-consumer", "kafka-producer", "kafka-verifiable",
                                         "kafka-storage",  "kcat",           NULL};

/* Shell comments are no commands: a commented-out start must not count. */
static void put_without_comments(struct ps_buf *buf, struct ps_str word)
{
    struct ps_str line;
    bool first = true;
    while (ps_str_split(&word, '\n', &line)) {
        if (!ps_str_starts(ps_str_trim(line), "#")) {
            ps_buf_puts(buf, first ? "" : "\n");
            ps_buf_put(buf, line);
            first = false;
        }
    }
}

static void put_words(struct ps_buf *buf, const struct ps_json *words)
{
    PS_JSON_EACH(word, words)
    {
        ps_buf_puts(buf, buf->len == 0 ? "" : " ");
        put_without_comments(buf, ps_json_text(word));
    }
}

struct ps_str ps_command_text(struct ps_arena *arena, const struct ps_json *container)
{
    struct ps_buf buf;
    ps_buf_init(&buf, arena, 256);
    put_words(&buf, ps_json_get(container, "command"));
    put_words(&buf, ps_json_get(container, "args"));
    return ps_str_trim(ps_buf_view(&buf));
}

/* Last component of a path. */
struct ps_str ps_path_base(struct ps_str path)
{
    size_t slash = ps_str_last_index(path, '/');
    return slash == path.len ? path : ps_str_slice(path, slash + 1, path.len);
}

static bool is_shell(struct ps_str word)
{
    static const char *const shells[] = {"sh", "bash", "ash", "dash", "ksh", "mksh", "zsh", NULL};
    struct ps_str name = ps_path_base(word);
    for (const char *const *shell = shells; *shell != NULL; shell++) {
        if (ps_str_is(name, *shell)) {
            return true;
        }
    }
    return false;
}

static bool has_shell_word(const struct ps_json *words)
{
    PS_JSON_EACH(word, words)
    {
        if (is_shell(ps_json_text(word))) {
            return true;
        }
    }
    return false;
}

enum ps_start ps_command_start(const struct ps_json *container, struct ps_str command)
{
    if (has_shell_word(ps_json_get(container, "command")) ||
        has_shell_word(ps_json_get(container, "args"))) {
        return PS_START_SHELL;
    }
    if (command.len == 0) {
        return PS_START_IMAGE;
    }
    return ps_str_contains_any(command, broker_starts) ? PS_START_SCRIPT : PS_START_OTHER;
}

/* A word of its own that is java or ends in /java, with the main class in the same text. */
bool ps_command_runs_java(struct ps_str command)
{
    struct ps_str word;
    struct ps_str rest = command;
    if (!ps_str_contains(command, "kafka.Kafka ") || ps_str_contains(command, "kafka-run-class") ||
        ps_str_contains(command, "kafka-server-start")) {
        return false;
    }
    while (ps_str_split(&rest, ' ', &word)) {
        struct ps_str name = ps_path_base(ps_str_trim(word));
        if (ps_str_is(name, "java") || ps_str_ends(name, "\njava")) {
            return true;
        }
    }
    return false;
}

bool ps_command_drops_env(struct ps_str command)
{
    static const char *const words[] = {"env -i",     "env - ",      "env --ignore-environment",
                                        "su - ",      "su -l ",      "su --login",
                                        "sudo ",      "exec -c ",    "runuser -l",
                                        "runuser - ", "--reset-env", "unset BASH_ENV",
                                        NULL};
    return ps_str_contains_any(command, words);
}

/* Words that stand before the first program of a script, or around a loop. */
static bool is_syntax(struct ps_str word)
{
    static const char *const words[] = {"exec", "while", "until", "do", "true", ":", "false", NULL};
    size_t end = ps_str_index(word, ';');
    struct ps_str bare = ps_str_slice(word, 0, end);
    for (const char *const *known = words; *known != NULL; known++) {
        if (ps_str_is(bare, *known)) {
            return true;
        }
    }
    return bare.len == 0;
}

/* The first word that is neither a shell nor one of its options. */
bool ps_command_is_idle(struct ps_str command)
{
    struct ps_str word;
    while (ps_str_split(&command, ' ', &word)) {
        word = ps_str_trim(word);
        if (is_syntax(word) || is_shell(word) || ps_str_starts(word, "-")) {
            continue;
        }
        for (const char *const *idle = idle_words; *idle != NULL; idle++) {
            if (ps_str_starts(ps_path_base(word), *idle)) {
                return true;
            }
        }
        return false;
    }
    return false;
}

bool ps_command_starts_broker(struct ps_str command)
{
    return ps_str_contains_any(command, broker_starts);
}

bool ps_command_starts_other(struct ps_str command)
{
    return ps_str_contains_any(command, other_starts);
}
