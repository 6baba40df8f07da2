/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/cluster/fault.h"
#include "tests/cluster/namespaces.h"

/* Cables cut for a while: too short to be noticed, 10 s and a minute. Takes minutes. */

static void wait_usec(gint64 usec) {
        g_usleep((gulong) usec);
}

/* `data`: seconds. */
static void member(TestFault *f, gconstpointer data) {
        int seconds = GPOINTER_TO_INT(data);
        gint64 begin;

        test_fault_submit(f);
        test_link_cut(f->node[2]->link);
        begin = g_get_monotonic_time();
        g_variant_unref(test_fault_finish(f));
        if (seconds >= 10)
                test_wait_for_member(f->node[1], f->node[2], "lost");
        wait_usec(MAX(0, begin + seconds * G_USEC_PER_SEC - g_get_monotonic_time()));
        test_link_mend(f->node[2]->link);
        begin = g_get_monotonic_time();
        test_wait_until_connected(f->cluster);
        g_test_message("cut for %d s: connected again after %.1f s", seconds,
                       (double) (g_get_monotonic_time() - begin) / G_USEC_PER_SEC);
        test_fault_all_share(f);
}

/* The same for the coordinator, whose job goes on all the time. */
static void coordinator(TestFault *f, gconstpointer data) {
        int seconds = GPOINTER_TO_INT(data);

        test_fault_submit(f);
        test_link_unplug(f->node[1]->link);
        wait_usec(seconds * G_USEC_PER_SEC);
        test_link_mend(f->node[1]->link);
        g_variant_unref(test_fault_finish(f));
        test_wait_until_connected(f->cluster);
        test_fault_all_share(f);
}

static void add(const char *path, int seconds, void (*test)(TestFault *f, gconstpointer data)) {
        g_test_add(path, TestFault, GINT_TO_POINTER(seconds), test_fault_set_up, test,
                   test_fault_tear_down);
}

int main(int argc, char *argv[]) {
        test_enter_namespaces();
        g_test_init(&argc, &argv, NULL);
        add("/cluster/cuts/member/1s", 1, member);
        add("/cluster/cuts/member/10s", 10, member);
        add("/cluster/cuts/member/60s", 60, member);
        add("/cluster/cuts/coordinator/1s", 1, coordinator);
        add("/cluster/cuts/coordinator/10s", 10, coordinator);
        add("/cluster/cuts/coordinator/60s", 60, coordinator);
        return g_test_run();
}
