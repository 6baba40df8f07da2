/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "nft/foreign/ruleset.h"

/* Longer lines are sets. */
#define LINE_BYTES_MAX 4096
#define WORDS_MAX 256

#define HANDLE " # handle "

#define RTN_LOCAL 2

static const struct {
        const char *word;
        guint bit;
} states[] = {
        { "invalid", PI_FOREIGN_CT_INVALID },     { "established", PI_FOREIGN_CT_ESTABLISHED },
        { "related", PI_FOREIGN_CT_RELATED },     { "new", PI_FOREIGN_CT_NEW },
        { "untracked", PI_FOREIGN_CT_UNTRACKED },
};

static guint bit_of(const char *word) {
        for (gsize i = 0; i < G_N_ELEMENTS(states); i++)
                if (strcmp(states[i].word, word) == 0)
                        return states[i].bit;
        return 0;
}

/* "related,established"; 0 when there is a word in it that is none. */
static guint bits_of(const char *list) {
        g_auto(GStrv) parts = g_strsplit(list, ",", -1);
        guint bits = 0;

        for (guint i = 0; parts[i]; i++) {
                guint bit = bit_of(parts[i]);

                if (!bit)
                        return 0;
                bits |= bit;
        }
        return bits;
}

static void resolve(PiForeignRule *rule, const PiForeignMatch *match) {
        g_array_append_val(rule->matches, *match);
        rule->uncertain = FALSE;
        rule->hidden = PI_FOREIGN_HIDDEN_NONE;
}

static gboolean is_word(const char *const *words, guint at, const char *word) {
        return g_strcmp0(words[at], word) == 0;
}

/* "ct state invalid", "ct state ! new" */
static void resolve_state(PiForeignRule *rule, const char *const *words) {
        PiForeignMatch match = { .key = { .n = 1, .fields = { PI_FOREIGN_FIELD_CT_STATE },
                                          .mask = PI_FOREIGN_NUMBER_MAX },
                                 .test = PI_FOREIGN_TEST_COMMON_BITS };

        if (!is_word(words, 1, "state") || !words[2])
                return;
        match.negated = is_word(words, 2, "!") || is_word(words, 2, "!=");
        if (!words[2 + match.negated])
                return;
        match.bits = bits_of(words[2 + match.negated]);
        if (match.bits)
                resolve(rule, &match);
}

/* "fib daddr type local": as bits, of which the packet has that one. */
static void resolve_type(PiForeignRule *rule, const char *const *words) {
        PiForeignMatch match = { .key = { .n = 1, .fields = { PI_FOREIGN_FIELD_FIB_TYPE },
                                          .mask = PI_FOREIGN_NUMBER_MAX },
                                 .test = PI_FOREIGN_TEST_COMMON_BITS };
        const char *type;

        if (!is_word(words, 1, "daddr") || !words[2] || !is_word(words, 2, "type") || !words[3])
                return;
        match.negated = is_word(words, 3, "!=");
        type = words[3 + match.negated];
        if (!type || !g_ascii_isalpha(*type) || strchr(type, ','))
                return;
        match.bits = strcmp(type, "local") == 0 ? RTN_LOCAL : 0;
        resolve(rule, &match);
}

/* The one place where a word is; NULL for none or several. */
static const char *const *find_once(const char *const *words, const char *word) {
        const char *const *found = NULL;

        for (; *words; words++)
                if (strcmp(*words, word) == 0) {
                        if (found)
                                return NULL;
                        found = words;
                }
        return found;
}

static void explain_rule(PiForeignRule *rule, const char *const *words) {
        const char *const *state = find_once(words, "ct"), *const *type = find_once(words, "fib");

        if (rule->hidden == PI_FOREIGN_HIDDEN_CT_STATE && state)
                resolve_state(rule, state);
        else if (rule->hidden == PI_FOREIGN_HIDDEN_FIB_TYPE && type)
                resolve_type(rule, type);
}

/* What is in quotes, a comment or the like, may look like a condition. */
static void blank_quoted(char *line) {
        gboolean quoted = FALSE;

        for (; *line; line++)
                if (*line == '"')
                        quoted = !quoted;
                else if (quoted)
                        *line = '_';
}

static char *rule_id(const char *family, const char *table, guint64 handle) {
        return g_strdup_printf("%s\t%s\t%" G_GUINT64_FORMAT, family, table, handle);
}

static void add_table(const PiForeign *f, const PiForeignTable *table, GHashTable *rules) {
        for (guint i = 0; i < table->chains->len; i++) {
                guint index = g_array_index(table->chains, guint, i);
                const PiForeignChain *chain = g_ptr_array_index(f->chains, index);

                for (guint j = 0; j < chain->rules->len; j++) {
                        PiForeignRule *rule = g_ptr_array_index(chain->rules, j);

                        if (rule->hidden == PI_FOREIGN_HIDDEN_CT_STATE ||
                            rule->hidden == PI_FOREIGN_HIDDEN_FIB_TYPE)
                                g_hash_table_insert(rules, rule_id(table->family, table->name,
                                                                   rule->handle), rule);
                }
        }
}

typedef struct Reading {
        GHashTable *rules; /* that want an explanation */
        char *family, *table;
} Reading;

/* "... # handle 12" */
static void read_line(Reading *r, char *line) {
        g_auto(GStrv) words = NULL;
        g_autofree char *id = NULL;
        PiForeignRule *rule;
        const char *at;
        guint64 handle;

        blank_quoted(line);
        at = strstr(line, HANDLE);
        if (!at)
                return;
        handle = g_ascii_strtoull(at + strlen(HANDLE), NULL, 10);
        words = g_strsplit_set(g_strstrip(line), " \t", WORDS_MAX);
        if (g_strv_length(words) > 3 && strcmp(words[0], "table") == 0) {
                g_free(r->family);
                g_free(r->table);
                r->family = g_strdup(words[1]);
                r->table = g_strdup(words[2]);
        } else if (r->table) {
                id = rule_id(r->family, r->table, handle);
                rule = g_hash_table_lookup(r->rules, id);
                if (rule)
                        explain_rule(rule, (const char *const *) words);
        }
}

void pi_foreign_explain(PiForeign *f, const char *text, gsize length) {
        Reading r = { .rules = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL) };
        const char *end = text + length, *next;

        for (guint i = 0; i < f->tables->len; i++)
                add_table(f, g_ptr_array_index(f->tables, i), r.rules);
        for (; text < end; text = next) {
                const char *newline = memchr(text, '\n', (gsize) (end - text));
                gsize size = (gsize) ((newline ? newline : end) - text);

                next = text + size + 1;
                if (size < LINE_BYTES_MAX && g_hash_table_size(r.rules) > 0) {
                        g_autofree char *line = g_strndup(text, size);

                        read_line(&r, line);
                }
                if (!newline)
                        break;
        }
        g_hash_table_unref(r.rules);
        g_free(r.family);
        g_free(r.table);
}
