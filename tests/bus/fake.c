/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/bus/fake.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "dbus/variant.h"

typedef struct Answer {
        GVariant *tuple;
        char *error_name, *message; /* without a tuple; neither: no answer */
} Answer;

struct Fake {
        sd_bus *bus; /* the thread's, once it runs */
        GThread *thread;
        int wake[2]; /* a pipe: closed at the end */
        /* Not GMutex: the thread sanitizer sees through these only. */
        pthread_mutex_t lock;
        GHashTable *answers; /* method to Answer */
        GHashTable *calls;   /* method to the text of its arguments */
};

static void answer_free(gpointer data) {
        Answer *answer = data;

        g_clear_pointer(&answer->tuple, g_variant_unref);
        g_free(answer->error_name);
        g_free(answer->message);
        g_free(answer);
}

static char *read_arguments(sd_bus_message *m) {
        g_autoptr(GString) text = g_string_new("(");

        while (sd_bus_message_at_end(m, 1) == 0) {
                g_autoptr(GVariant) value = NULL;

                g_assert_cmpint(pi_variant_read(m, &value), >=, 0);
                g_string_append(text, text->len > 1 ? ", " : "");
                g_variant_print_string(value, text, FALSE);
        }
        g_string_append_c(text, ')');
        return g_string_free(g_steal_pointer(&text), FALSE);
}

static int reply(sd_bus_message *m, GVariant *tuple) {
        __attribute__((cleanup(sd_bus_message_unrefp))) sd_bus_message *answer = NULL;

        g_assert_cmpint(sd_bus_message_new_method_return(m, &answer), >=, 0);
        for (gsize i = 0; i < g_variant_n_children(tuple); i++) {
                g_autoptr(GVariant) value = g_variant_get_child_value(tuple, i);

                g_assert_cmpint(pi_variant_append(answer, value), >=, 0);
        }
        return sd_bus_send(NULL, answer, NULL);
}

static int answer_call(Fake *fake, sd_bus_message *m, const char *member) {
        const Answer *answer = g_hash_table_lookup(fake->answers, member);

        g_hash_table_replace(fake->calls, g_strdup(member), read_arguments(m));
        if (!answer)
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_UNKNOWN_METHOD, "no %s", member);
        if (answer->tuple)
                return reply(m, answer->tuple);
        if (answer->error_name)
                return sd_bus_reply_method_errorf(m, answer->error_name, "%s", answer->message);
        return 1;
}

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *ret_error) {
        Fake *fake = userdata;
        int r;

        if (!sd_bus_message_is_method_call(m, NULL, NULL))
                return 0;
        pthread_mutex_lock(&fake->lock);
        r = answer_call(fake, m, sd_bus_message_get_member(m));
        pthread_mutex_unlock(&fake->lock);
        return r;
}

static gpointer run(gpointer data) {
        Fake *fake = data;
        struct pollfd fds[2] = { { .fd = sd_bus_get_fd(fake->bus), .events = POLLIN },
                                 { .fd = fake->wake[0], .events = POLLIN } };

        while (fds[1].revents == 0) {
                int r = sd_bus_process(fake->bus, NULL);

                g_assert_cmpint(r, >=, 0);
                if (r == 0) {
                        g_assert_cmpint(sd_bus_flush(fake->bus), >=, 0);
                        (void) poll(fds, 2, -1);
                }
        }
        sd_bus_flush_close_unref(fake->bus);
        return NULL;
}

Fake *fake_new(TestBus *bus, const char *const *names) {
        Fake *fake = g_new0(Fake, 1);

        pthread_mutex_init(&fake->lock, NULL);
        fake->answers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, answer_free);
        fake->calls = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
        fake->bus = test_connect(bus);
        g_assert_cmpint(sd_bus_add_filter(fake->bus, NULL, on_message, fake), >=, 0);
        for (; *names; names++)
                g_assert_cmpint(sd_bus_request_name(fake->bus, *names, 0), >=, 0);
        g_assert_no_errno(pipe(fake->wake));
        fake->thread = g_thread_new("fake", run, fake);
        return fake;
}

void fake_free(Fake *fake) {
        close(fake->wake[1]);
        g_thread_join(fake->thread);
        close(fake->wake[0]);
        g_hash_table_unref(fake->answers);
        g_hash_table_unref(fake->calls);
        pthread_mutex_destroy(&fake->lock);
        g_free(fake);
}

static void set_answer(Fake *fake, const char *method, Answer *answer) {
        pthread_mutex_lock(&fake->lock);
        g_hash_table_replace(fake->answers, g_strdup(method), answer);
        pthread_mutex_unlock(&fake->lock);
}

void fake_answer(Fake *fake, const char *method, const char *tuple) {
        Answer *answer = g_new0(Answer, 1);
        g_autoptr(GError) error = NULL;

        answer->tuple = g_variant_parse(NULL, tuple, NULL, NULL, &error);
        g_assert_no_error(error);
        set_answer(fake, method, answer);
}

void fake_fail(Fake *fake, const char *method, const char *error_name, const char *message) {
        Answer *answer = g_new0(Answer, 1);

        answer->error_name = g_strdup(error_name);
        answer->message = g_strdup(message);
        set_answer(fake, method, answer);
}

void fake_hang(Fake *fake, const char *method) {
        set_answer(fake, method, g_new0(Answer, 1));
}

char *fake_called(Fake *fake, const char *method) {
        char *arguments;

        pthread_mutex_lock(&fake->lock);
        arguments = g_strdup(g_hash_table_lookup(fake->calls, method));
        pthread_mutex_unlock(&fake->lock);
        return arguments;
}
