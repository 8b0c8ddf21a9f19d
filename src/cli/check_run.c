/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of `portside check`, and how it asks. */
#include "cmd_check.h"

#include <stdarg.h>
#include <string.h>

#define COMMAND "check"
#define TURN_MS 1000
#define DEADLINE_MS 35000U /* an API server gives a request 34 s, its webhooks included */
#define PAGE_OBJECTS 500U

/* Not in the middle of a character. */
static void end_whole(char *text, size_t size, int len)
{
    if (len < 0 || (size_t)len < size) {
        return;
    }
    size_t end = size - 1;
    while (end > 0 && ((unsigned char)text[end - 1] & 0x80U) != 0) {
        end--;
    }
    text[end] = '\0';
}

void ps_checkup_tell(struct ps_checkup *check, enum ps_checkup_result result, const char *about,
                     const char *cure, const char *says, ...)
{
    if (check->count == PS_CHECKUP_ROWS_MAX) {
        check->more++;
        return;
    }
    struct ps_checkup_row *row = &check->rows[check->count++];
    *row = (struct ps_checkup_row){.result = result, .about = about};
    (void)snprintf(row->cure, sizeof(row->cure), "%s", cure == NULL ? "" : cure);
    va_list args;
    va_start(args, says);
    end_whole(row->says, sizeof(row->says), vsnprintf(row->says, sizeof(row->says), says, args));
    va_end(args);
}

void ps_checkup_cure(struct ps_checkup *check, const char *cure, ...)
{
    struct ps_checkup_row *row = &check->rows[check->count - 1];
    va_list args;
    va_start(args, cure);
    end_whole(row->cure, sizeof(row->cure), vsnprintf(row->cure, sizeof(row->cure), cure, args));
    va_end(args);
}

struct asking {
    struct ps_checkup_answer *answer;
    ps_checkup_read read;
    void *arg;
    bool silent;
};

static void on_done(void *arg, const struct ps_kube_result *result)
{
    struct asking *asking = arg;
    struct ps_checkup_answer *answer = asking->answer;
    asking->silent = result->status == 0;
    answer->outcome = result->outcome;
    if (result->outcome == PS_KUBE_OK) {
        if (asking->read != NULL) {
            asking->read(asking->arg, result->object);
        }
        return;
    }
    struct ps_str message = ps_json_get_text(result->object, "message");
    struct ps_str words = ps_str_of(result->error->message);
    if (message.len > 0 && !ps_str_contains(words, "grant the verb")) {
        words = message; /* what kubectl shows; of a missing right the error says more */
    }
    end_whole(answer->words, sizeof(answer->words),
              snprintf(answer->words, sizeof(answer->words), "%.*s", PS_FMT(words)));
}

static struct ps_status ask(struct ps_checkup *check, const struct ps_kube_request *like,
                            struct asking *asking, struct ps_error *err)
{
    struct ps_kube_request request = *like;
    request.on_done = on_done;
    request.arg = asking;
    request.limit = PAGE_OBJECTS;
    request.deadline_ms = ps_kube_now_ms(check->kube) + DEADLINE_MS;
    PS_TRY(ps_kube_send(check->kube, &request, NULL, err));
    while (ps_kube_pending(check->kube) > 0) {
        PS_TRY(ps_kube_turn(check->kube, TURN_MS, NULL, 0, err));
    }
    return ps_success();
}

struct ps_checkup_answer ps_checkup_ask(struct ps_checkup *check,
                                        const struct ps_kube_request *like, ps_checkup_read read,
                                        void *arg)
{
    struct ps_error err = {0};
    struct ps_checkup_answer answer = {.outcome = PS_KUBE_FAILED};
    struct asking asking = {.answer = &answer, .read = read, .arg = arg};
    if (!ps_ok(ask(check, like, &asking, &err))) {
        (void)snprintf(answer.words, sizeof(answer.words), "%s", err.message);
    }
    check->silent = asking.silent;
    return answer;
}

struct ps_str ps_checkup_home(const struct ps_checkup *check)
{
    return check->home.len > 0 ? check->home : ps_str_of(check->home_found);
}

static bool has_failed(const struct ps_checkup *check)
{
    for (size_t i = 0; i < check->count; i++) {
        if (check->rows[i].result == PS_CHECKUP_FAILED) {
            return true;
        }
    }
    return false;
}

static struct ps_status print_json(void *arg)
{
    const struct ps_checkup *check = arg;
    struct ps_str text = ps_checkup_json(check);
    (void)fwrite(text.ptr, 1, text.len, check->cli->out.file);
    return ps_success();
}

int ps_checkup_run(struct ps_checkup *check)
{
    static void (*const steps[])(struct ps_checkup *) = {
        ps_checkup_server,     ps_checkup_registration, ps_checkup_certificate, ps_checkup_lease,
        ps_checkup_namespaces, ps_checkup_trial,        ps_checkup_findings,
    };
    struct ps_error err;
    for (size_t i = 0; i < PS_COUNT(steps) && !check->silent; i++) {
        steps[i](check);
    }
    if (!check->json) {
        ps_checkup_show(check, &check->cli->out);
    } else if (!ps_ok(ps_arena_run(check->arena, print_json, check, &err))) {
        return ps_cli_fail(check->cli, COMMAND, &err);
    }
    return has_failed(check) ? PS_EXIT_FAILED : PS_EXIT_OK;
}
