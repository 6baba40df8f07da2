/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "tests/bus/harness.h"

/* One sum of 1e11 + 3 terms, whatever kernel, parts and workers it was made by. The digest of its
 * bits is part of the contract in docs/numerics.md: it never changes within a numerics version. */

#define TERMS UINT64_C(100000000003)
#define DIGEST "3565512e6818dba0b251cb1ac5dd9fff7d7aa6fc9d24c49d6c232e46f3696619"

/* In builds that take ten times as long and more. */
#define TERMS_INSTRUMENTED UINT64_C(1000003)
#define DIGEST_INSTRUMENTED "3209eea01990ae393da82ad81b969f00b75573b3fef253841a4e838dd9ed6730"

static const uint64_t all_parts[] = { 1, 3, 128, 1000000 };

static void check(sd_bus *client, const char *kernel, uint64_t parts) {
        uint64_t terms = test_is_instrumented() ? TERMS_INSTRUMENTED : TERMS;
        g_autofree char *options = NULL, *error = NULL, *hex = NULL, *digest = NULL;
        g_autoptr(GVariant) report = NULL;

        parts = MIN(parts, terms / 8);
        options = g_strdup_printf("{'kernel': <'%s'>, 'parts': <uint64 %" G_GUINT64_FORMAT ">}",
                                  kernel, parts);
        error = test_compute(client, terms, options, NULL, &report);
        g_assert_null(error);
        hex = test_lookup_string(report, PI_REPORT_SUM_HEX);
        digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, hex, -1);
        g_test_message("%s, %" G_GUINT64_FORMAT " parts: %s", kernel, parts, digest);
        g_assert_cmpstr(digest, ==, test_is_instrumented() ? DIGEST_INSTRUMENTED : DIGEST);
}

static char **kernels_of(sd_bus *client) {
        g_auto(GStrv) names = NULL;
        int r = sd_bus_get_property_strv(client, PI_BUS_NAME, PI_OBJECT_PATH, PI_INTERFACE_MANAGER,
                                         "Kernels", NULL, &names);

        g_assert_cmpint(r, >=, 0);
        return g_steal_pointer(&names);
}

static char *default_kernel_of(sd_bus *client) {
        g_autofree char *name = NULL;
        int r = sd_bus_get_property_string(client, PI_BUS_NAME, PI_OBJECT_PATH,
                                           PI_INTERFACE_MANAGER, "Kernel", NULL, &name);

        g_assert_cmpint(r, >=, 0);
        return g_steal_pointer(&name);
}

/* The default kernel sums every cut; the others, which are slower, one of them each time. */
static void test_digest(gconstpointer data) {
        int n_workers = GPOINTER_TO_INT(data);
        g_autoptr(TestBus) bus = test_bus_new(TEST_BUS_SESSION);
        g_autofree char *workers = g_strdup_printf("--workers=%d", n_workers);
        g_autofree char *first = NULL;
        g_auto(GStrv) kernels = NULL;
        sd_bus *client;
        guint n_exact = 0;

        test_daemon_start(bus, (const char *const[]) { workers, NULL });
        client = test_connect(bus);
        kernels = kernels_of(client);
        first = default_kernel_of(client);
        for (char **k = kernels; *k; k++) {
                /* Its sum is not exact and depends on the cut. */
                if (strcmp(*k, "reference") == 0)
                        continue;
                n_exact++;
                for (gsize i = 0; i < G_N_ELEMENTS(all_parts); i++)
                        if ((int) i == n_workers || g_str_equal(*k, first))
                                check(client, *k, all_parts[i]);
        }
        g_assert_cmpuint(n_exact, >=, 1);
        sd_bus_flush_close_unref(client);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_data_func("/bits/1-worker", GINT_TO_POINTER(1), test_digest);
        g_test_add_data_func("/bits/2-workers", GINT_TO_POINTER(2), test_digest);
        g_test_add_data_func("/bits/3-workers", GINT_TO_POINTER(3), test_digest);
        return g_test_run();
}
