/* What the paths answer. */
#include "answers.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK = 200, BAD_REQUEST = 400, NOT_FOUND = 404, FAILED = 500 };
enum { DEFAULT_K = 10, MAX_K = 1000, SHOWN = 100 /* bytes of a client's text in a message */ };

/* Takes over a reference to `json`, which may be NULL. */
static answer answer_json(unsigned status, json_t *json)
{
    answer a = {.status = status};
    /* 9 digits give a float back exactly. */
    a.body = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(9));
    json_decref(json);
    if (a.body == NULL)
        a.status = FAILED;
    else
        a.length = strlen(a.body);
    return a;
}

answer answer_error(unsigned status, const char *format, ...)
{
    char message[512];
    va_list values;
    va_start(values, format);
    vsnprintf(message, sizeof message, format, values);
    va_end(values);
    json_t *text = text_json(message, strlen(message));
    return answer_json(status, json_pack("{s:o,s:i}", "error", text, "status", (int)status));
}

static int shown(size_t length) { return length < SHOWN ? (int)length : SHOWN; }

static bool is(const parameter *p, const char *name)
{
    return p->name_length == strlen(name) && memcmp(p->name, name, p->name_length) == 0;
}

/* Find what an endpoint takes: `wanted`, which must be there, and k. False: *a says what is wrong. */
static bool read_query(const query *q, const char *wanted, parameter *id, int32_t *k, answer *a)
{
    *id = (parameter){.name = wanted};
    *k = DEFAULT_K;
    const parameter *seen_k = NULL;
    if (q->n > MAX_PARAMETERS) {
        *a = answer_error(BAD_REQUEST, "more than %d parameters", MAX_PARAMETERS);
        return false;
    }
    for (int i = 0; i < q->n; i++) {
        const parameter *p = &q->parameters[i];
        const bool is_k = is(p, "k");
        if (!is_k && !is(p, wanted)) {
            *a = answer_error(BAD_REQUEST, "unknown parameter %.*s; there are %s and k", shown(p->name_length),
                              p->name, wanted);
            return false;
        }
        if (is_k ? seen_k != NULL : id->value != NULL) {
            *a = answer_error(BAD_REQUEST, "%s is given twice", is_k ? "k" : wanted);
            return false;
        }
        if (is_k)
            seen_k = p;
        else if (p->value != NULL)
            *id = *p;
    }
    if (id->value == NULL) {
        *a = answer_error(BAD_REQUEST, "%s is missing", wanted);
        return false;
    }
    if (seen_k == NULL)
        return true;
    const char *digits = seen_k->value == NULL ? "" : seen_k->value;
    const size_t n = seen_k->value_length;
    const long number = n > 0 && n <= 4 && strspn(digits, "0123456789") == n ? strtol(digits, NULL, 10) : 0;
    if (number < 1 || number > MAX_K) {
        *a = answer_error(BAD_REQUEST, "k must be a whole number from 1 to %d, not \"%.*s\"", MAX_K, shown(n),
                          digits);
        return false;
    }
    *k = (int32_t)number;
    return true;
}

/* [{"item": …, "score": …}, …]; a list ends where items are -1. */
static json_t *list_json(const serving *s, const int32_t *items, const float *values, int32_t k,
                         const char *value_name)
{
    json_t *list = json_array();
    for (int32_t i = 0; i < k && items[i] >= 0; i++) {
        const double value = (double)values[i];
        json_t *number = isfinite(value) ? json_real(value) : json_null();
        json_t *entry = json_pack("{s:o,s:o}", "item", names_json(&s->items, items[i]), value_name, number);
        if (json_array_append_new(list, entry) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static answer unknown(const char *what, const parameter *id)
{
    return answer_error(NOT_FOUND, "unknown %s \"%.*s\"", what, shown(id->value_length), id->value);
}

static answer recommend(const serving *s, const parameter *id, int32_t k)
{
    int32_t items[MAX_K];
    float scores[MAX_K];
    const int32_t user = names_find(&s->users, id->value, id->value_length);
    if (user < 0)
        return unknown("user", id);
    k = k < s->items.n_rows ? k : s->items.n_rows;
    if (lfm_recommend(s->scorer, 1, &user, k, s->seen, items, scores, NULL) != LFM_OK)
        return answer_error(FAILED, "%s", lfm_last_message());
    return answer_json(OK, json_pack("{s:o,s:o}", "user", names_json(&s->users, user), "items",
                                     list_json(s, items, scores, k, "score")));
}

static answer similar(const serving *s, const parameter *id, int32_t k)
{
    int32_t items[MAX_K];
    float cosines[MAX_K];
    const int32_t item = names_find(&s->items, id->value, id->value_length);
    if (item < 0)
        return unknown("item", id);
    if (lfm_similar(s->scorer, LFM_SPACE_ITEM, 1, &item, LFM_SPACE_ITEM, k, items, cosines, NULL) != LFM_OK)
        return answer_error(FAILED, "%s", lfm_last_message());
    return answer_json(OK, json_pack("{s:o,s:o}", "item", names_json(&s->items, item), "items",
                                     list_json(s, items, cosines, k, "similarity")));
}

static answer health(const serving *s, store_state state)
{
    return answer_json(OK, json_pack("{s:s,s:i,s:i,s:i,s:I,s:I}", "status", "ok", "users", (int)s->users.n_rows,
                                     "items", (int)s->items.n_rows, "components",
                                     (int)lfm_scorer_components(s->scorer), "loads", (json_int_t)state.loads,
                                     "failed_reloads", (json_int_t)state.failures));
}

typedef struct endpoint {
    const char *path, *wanted;
    answer (*answer)(const serving *s, const parameter *id, int32_t k);
} endpoint;

static const endpoint endpoints[] = {{"/recommend", "user", recommend}, {"/similar", "item", similar}};

answer answer_query(store *models, const char *path, const query *q)
{
    answer a;
    if (strcmp(path, "/healthz") == 0) {
        serving *s = store_take(models);
        a = health(s, store_look(models));
        store_give_back(models, s);
        return a;
    }
    for (size_t i = 0; i < sizeof endpoints / sizeof *endpoints; i++) {
        if (strcmp(path, endpoints[i].path) != 0)
            continue;
        parameter id;
        int32_t k;
        if (!read_query(q, endpoints[i].wanted, &id, &k, &a))
            return a;
        serving *s = store_take(models);
        a = endpoints[i].answer(s, &id, k);
        store_give_back(models, s);
        return a;
    }
    return answer_error(NOT_FOUND, "unknown path %.*s; there are /recommend, /similar and /healthz",
                        shown(strlen(path)), path);
}
