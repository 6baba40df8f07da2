/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/store/queue.h"

#include "dbus/error.h"
#include "tests/unit/store/sample.h"

static void done(const GError *error, gpointer userdata) {
        unsigned *times = userdata;

        *times += error ? 100 : 1;
}

static PiRequest *job(uint64_t id, const char *state) {
        PiRequest *r = pi_request_new(PI_REQUEST_PUT_JOB, id);

        r->job = sample_job(id, state);
        return r;
}

static PiRequest *checkpoint(uint64_t id, uint32_t n_leases) {
        PiRequest *r = pi_request_new(PI_REQUEST_PUT_CHECKPOINT, id);

        r->checkpoint = sample_checkpoint(id, n_leases, 0);
        return r;
}

static PiRequest *list(uint32_t limit) {
        PiRequest *r = pi_request_new(PI_REQUEST_LIST_JOBS, 0);

        r->limit = limit;
        return r;
}

static PiRequest *find(uint64_t id) {
        PiRequest *r = pi_request_new(PI_REQUEST_FIND_JOB, id);

        r->limit = 1;
        return r;
}

/* "q1 c1/7 l": jobs by state and number, checkpoints by job and leases, lists, forgotten jobs. */
static char *describe(const PiRequest *first) {
        GString *text = g_string_new(NULL);

        for (const PiRequest *r = first; r; r = r->next) {
                if (r != first)
                        g_string_append_c(text, ' ');
                if (r->kind == PI_REQUEST_PUT_JOB)
                        g_string_append_printf(text, "%c%d", r->job ? r->job->state[0] : '-',
                                               (int) r->id);
                else if (r->kind == PI_REQUEST_PUT_CHECKPOINT)
                        g_string_append_printf(text, "c%d/%u", (int) r->id,
                                               r->checkpoint->snapshot->n_leases);
                else if (r->kind == PI_REQUEST_FORGET_JOB)
                        g_string_append_printf(text, "x%d", (int) r->id);
                else if (r->kind == PI_REQUEST_RESERVE_IDS)
                        g_string_append_printf(text, "#%d", (int) r->id);
                else
                        g_string_append_printf(text, "%s", pi_request_is_ask(r) ? "l" : "?");
        }
        return g_string_free(text, FALSE);
}

static void assert_taken(PiQueue *q, unsigned max, const char *want) {
        PiRequest *first = pi_queue_take(q, max);
        g_autofree char *text = describe(first);

        g_assert_cmpstr(text, ==, want);
        pi_request_free_list(first);
}

static void test_order(void) {
        g_autoptr(PiQueue) q = pi_queue_new();

        g_assert_null(pi_queue_first(q));
        g_assert_null(pi_queue_take(q, 10));
        pi_queue_push(q, job(1, "queued"));
        pi_queue_push(q, list(1));
        pi_queue_push(q, job(2, "queued"));
        pi_queue_push(q, checkpoint(1, 5));
        pi_queue_push(q, pi_request_new(PI_REQUEST_RESERVE_IDS, 9));
        g_assert_cmpuint(pi_queue_changes(q), ==, 4);
        assert_taken(q, 2, "q1 l q2");
        assert_taken(q, 9, "c1/5 #9");
        g_assert_cmpuint(pi_queue_changes(q), ==, 0);
        g_assert_null(pi_queue_first(q));
}

static void test_replaces(void) {
        g_autoptr(PiQueue) q = pi_queue_new();

        pi_queue_push(q, job(1, "queued"));
        pi_queue_push(q, checkpoint(1, 5));
        pi_queue_push(q, job(2, "queued"));
        pi_queue_push(q, pi_request_new(PI_REQUEST_RESERVE_IDS, 1));
        pi_queue_push(q, list(1));
        pi_queue_push(q, pi_request_new(PI_REQUEST_RESERVE_IDS, 2));
        pi_queue_push(q, job(1, "running"));
        pi_queue_push(q, checkpoint(1, 6));
        pi_queue_push(q, checkpoint(2, 3));
        g_assert_cmpuint(pi_queue_changes(q), ==, 5);
        assert_taken(q, 99, "r1 c1/6 q2 #2 l c2/3");
        pi_queue_push(q, job(1, "done")); /* what was taken is not there any more */
        assert_taken(q, 99, "d1");
}

/* Jobs are in the order they ended, whatever was put of them before. */
static void test_ends_in_order(void) {
        g_autoptr(PiQueue) q = pi_queue_new();

        pi_queue_push(q, job(1, "running"));
        pi_queue_push(q, job(2, "running"));
        pi_queue_push(q, job(2, "failed"));
        pi_queue_push(q, job(1, "done"));
        assert_taken(q, 99, "f2 d1");
        pi_queue_push(q, job(1, "running"));
        pi_queue_push(q, job(1, "done"));
        assert_taken(q, 99, "d1");
}

/* Whoever is to be told is told of what was put then. */
static void test_keeps_who_waits(void) {
        g_autoptr(PiQueue) q = pi_queue_new();
        PiRequest *r = job(1, "queued");

        r->done = done;
        pi_queue_push(q, r);
        pi_queue_push(q, job(1, "running"));
        pi_queue_push(q, job(1, "done"));
        assert_taken(q, 99, "q1 d1");
}

static void test_put_back(void) {
        g_autoptr(PiQueue) q = pi_queue_new();
        PiRequest *first, *waits = job(4, "queued");

        waits->done = done;
        pi_queue_push(q, job(1, "running"));
        pi_queue_push(q, checkpoint(1, 5));
        pi_queue_push(q, waits);
        pi_queue_push(q, job(4, "running"));
        pi_queue_push(q, job(2, "running"));
        pi_queue_push(q, list(1));
        first = pi_queue_take(q, 99);
        pi_queue_push(q, checkpoint(1, 6));
        pi_queue_push(q, job(2, "done"));
        pi_queue_push(q, job(3, "queued"));
        pi_queue_put_back(q, first);
        g_assert_cmpuint(pi_queue_changes(q), ==, 6);
        waits->done = NULL;
        first = pi_queue_take(q, 99);
        {
                g_autofree char *text = describe(first);

                g_assert_cmpstr(text, ==, "r1 q4 r4 l c1/6 d2 q3");
        }
        /* Nobody waits any more: the newer of the two is what stays. */
        pi_queue_put_back(q, first);
        assert_taken(q, 99, "r1 r4 l c1/6 d2 q3");
        pi_queue_put_back(q, NULL);
        g_assert_null(pi_queue_first(q));
}

static void test_urgent(void) {
        g_autoptr(PiQueue) q = pi_queue_new();
        PiRequest *r = job(2, "queued");
        unsigned times = 0;

        pi_queue_push(q, job(1, "done"));
        pi_queue_push(q, checkpoint(3, 1));
        pi_queue_push(q, pi_request_new(PI_REQUEST_PUT_CALIBRATION, 0));
        g_assert_false(pi_queue_has_urgent(q));
        g_assert_false(pi_queue_has_waiting(q));
        pi_queue_push(q, pi_request_new(PI_REQUEST_PUT_BAD_CORE, 0));
        g_assert_true(pi_queue_has_urgent(q));
        g_assert_false(pi_queue_has_waiting(q));
        pi_request_free_list(pi_queue_take(q, 99));
        g_assert_false(pi_queue_has_urgent(q));
        r->done = done;
        r->userdata = &times;
        pi_queue_push(q, r);
        g_assert_true(pi_queue_has_urgent(q));
        g_assert_true(pi_queue_has_waiting(q));
}

static void test_waiting(void) {
        g_autoptr(GError) error = g_error_new(PI_ERROR, PI_ERROR_STORE_UNAVAILABLE, "why");
        g_autoptr(PiQueue) q = pi_queue_new();
        PiRequest *r = job(4, "queued"), *first;
        unsigned times = 0;

        r->done = done;
        r->userdata = &times;
        pi_queue_push(q, job(1, "done"));
        pi_queue_push(q, job(2, "done"));
        pi_queue_push(q, r);
        pi_queue_push(q, job(3, "failed"));
        pi_queue_push(q, find(4));
        pi_queue_push(q, list(2));
        pi_queue_push(q, job(5, "done"));
        pi_queue_push(q, find(7));
        first = pi_queue_take_waiting(q, error);
        g_assert_false(pi_queue_has_waiting(q));
        g_assert_false(pi_queue_has_urgent(q));
        {
                g_autofree char *text = describe(first);

                g_assert_cmpstr(text, ==, "-4 l l l");
        }
        pi_request_tell(first);
        g_assert_cmpuint(times, ==, 100);
        g_assert_cmpuint(first->next->newer->len, ==, 1);
        g_assert_cmpuint(first->next->next->newer->len, ==, 2);
        g_assert_cmpuint(((PiJobRecord *) first->next->next->newer->pdata[0])->id, ==, 3);
        g_assert_cmpuint(((PiJobRecord *) first->next->next->newer->pdata[1])->id, ==, 2);
        g_assert_cmpuint(first->next->next->next->newer->len, ==, 0);
        pi_request_free_list(first);
        g_assert_null(pi_queue_take_waiting(q, error));
        assert_taken(q, 99, "d1 d2 q4 f3 d5");
}

/* Finished jobs go first, the oldest before the others, but not that they have ended. */
static void test_full(void) {
        g_autoptr(PiQueue) q = pi_queue_new();
        PiRequest *first, *r;
        unsigned lost = 0, forgotten = 0;

        pi_queue_push(q, job(100001, "running"));
        pi_queue_push(q, pi_request_new(PI_REQUEST_PUT_CALIBRATION, 0));
        for (uint64_t id = 1; id <= PI_STORE_QUEUE_MAX + 8; id++)
                lost += pi_queue_push(q, job(id, "done"));
        g_assert_cmpuint(lost, ==, 10);
        g_assert_cmpuint(pi_queue_changes(q), ==, PI_STORE_QUEUE_MAX);
        first = pi_queue_take(q, 99999);
        g_assert_cmpuint(first->id, ==, 100001);
        for (r = first; r; r = r->next) {
                forgotten += r->kind == PI_REQUEST_FORGET_JOB;
                if (r->kind == PI_REQUEST_FORGET_JOB)
                        g_assert_cmpuint(r->id, <=, 10);
        }
        g_assert_cmpuint(forgotten, ==, 10);
        pi_request_free_list(first);
}

static void test_never_given_up(void) {
        g_autoptr(PiQueue) q = pi_queue_new();

        for (unsigned i = 0; i < 5; i++)
                pi_queue_push(q, pi_request_new(PI_REQUEST_PUT_CALIBRATION, 0));
        pi_queue_push(q, pi_request_new(PI_REQUEST_RESERVE_IDS, 1));
        for (uint64_t id = 1; id <= PI_STORE_QUEUE_MAX; id++)
                pi_queue_push(q, job(id, "running"));
        /* Calibrations are given up; of the rest, which the service bounds, none. */
        g_assert_cmpuint(pi_queue_changes(q), ==, PI_STORE_QUEUE_MAX + 1);
        g_assert_cmpuint(pi_queue_push(q, pi_request_new(PI_REQUEST_PUT_BAD_CORE, 0)), ==, 0);
        g_assert_cmpuint(pi_queue_changes(q), ==, PI_STORE_QUEUE_MAX + 2);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/queue/order", test_order);
        g_test_add_func("/store/queue/replaces", test_replaces);
        g_test_add_func("/store/queue/ends-in-order", test_ends_in_order);
        g_test_add_func("/store/queue/keeps-who-waits", test_keeps_who_waits);
        g_test_add_func("/store/queue/put-back", test_put_back);
        g_test_add_func("/store/queue/urgent", test_urgent);
        g_test_add_func("/store/queue/waiting", test_waiting);
        g_test_add_func("/store/queue/full", test_full);
        g_test_add_func("/store/queue/never-given-up", test_never_given_up);
        return g_test_run();
}
