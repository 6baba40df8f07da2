/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/tally.h"

#include "dbus/error.h"

/* As nftables 1.0.6 lists it. */
static const char listing[] =
        "{\"nftables\": [{\"metainfo\": {\"version\": \"1.0.6\", \"json_schema_version\": 1}},"
        "{\"table\": {\"family\": \"inet\", \"name\": \"picomputed\", \"handle\": 1}},"
        "{\"set\": {\"family\": \"inet\", \"name\": \"members4\", \"table\": \"picomputed\","
        " \"type\": \"ipv4_addr\", \"elem\": [{\"elem\": {\"val\": \"10.0.0.1\","
        " \"comment\": \"a\", \"counter\": {\"packets\": 5, \"bytes\": 300}}}]}},"
        "{\"set\": {\"family\": \"inet\", \"name\": \"refused4\", \"table\": \"picomputed\","
        " \"timeout\": 3600, \"elem\": [{\"elem\": {\"val\": \"10.0.0.9\", \"expires\": 3596,"
        " \"counter\": {\"packets\": 4, \"bytes\": 240}}}]}},"
        "{\"set\": {\"name\": \"refused6\"}}, {\"rule\": {\"expr\": []}}]}";

static const char table[] =
        "table inet picomputed { # progname pi-computed-fir\n"
        "\tflags owner\n"
        "\n"
        "\tcounter seen {\n"
        "\t\tpackets 23 bytes 1380\n"
        "\t}\n"
        "\n"
        "\tcounter delivered {\n"
        "\t\tpackets 18446744073709551615 bytes 0\n"
        "\t}\n"
        "\tchain seen {\n"
        "\t\ttcp dport 31415 counter name \"seen\"\n"
        "\t}\n"
        "\tcounter odd {\n"
        "\t}\n"
        "}\n";

static void test_listing(void) {
        g_autoptr(PiTally) tally = pi_tally_new();
        g_autoptr(GVariant) counters = NULL, refused = NULL;
        guint64 packets, attempts, ago;
        const char *address;

        pi_tally_add_counters(tally, table);
        g_assert_true(pi_tally_add_sets(tally, listing, NULL));
        counters = g_variant_ref_sink(pi_tally_counters(tally));
        refused = g_variant_ref_sink(pi_tally_refused(tally));
        g_assert_true(g_variant_lookup(counters, "seen", "t", &packets));
        g_assert_cmpuint(packets, ==, 23);
        g_assert_true(g_variant_lookup(counters, "delivered", "t", &packets));
        g_assert_cmpuint(packets, ==, G_MAXUINT64);
        g_assert_cmpuint(g_variant_n_children(counters), ==, 2);
        g_assert_cmpuint(pi_tally_of_member(tally, "10.0.0.1"), ==, 5);
        g_assert_cmpuint(pi_tally_of_member(tally, "10.0.0.9"), ==, 0);
        g_assert_cmpuint(g_variant_n_children(refused), ==, 1);
        g_variant_get_child(refused, 0, "(&stt)", &address, &attempts, &ago);
        g_assert_cmpstr(address, ==, "10.0.0.9");
        g_assert_cmpuint(attempts, ==, 4);
        g_assert_cmpuint(ago, ==, 4 * G_USEC_PER_SEC);
}

/* Of another version, perhaps: what is not understood is left out, or refused as a whole. */
static void test_other_forms(void) {
        static const char *const bad[] = { "", "[]", "{}", "{\"nftables\": 1}", "nft: error" };
        static const char *const odd[] = {
                "{\"nftables\": []}",
                "{\"nftables\": [1, null, [], {\"counter\": 1}, {\"set\": []}]}",
                ("{\"nftables\": [{\"set\": {\"name\": \"members4\", \"elem\": [1, \"10.0.0.1\","
                 " {\"elem\": {\"val\": {\"prefix\": 1}}}, {\"elem\": []}]}}]}"),
                "{\"nftables\": [{\"counter\": {\"name\": 7}}, {\"set\": {\"name\": [\"x\"]}}]}",
        };
        GError *error = NULL;

        for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
                g_autoptr(PiTally) tally = pi_tally_new();

                g_assert_false(pi_tally_add_sets(tally, bad[i], &error));
                g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
                g_clear_error(&error);
        }
        for (gsize i = 0; i < G_N_ELEMENTS(odd); i++) {
                g_autoptr(PiTally) tally = pi_tally_new();
                g_autoptr(GVariant) counters = NULL;

                g_assert_true(pi_tally_add_sets(tally, odd[i], &error));
                g_assert_no_error(error);
                counters = g_variant_ref_sink(pi_tally_counters(tally));
                g_assert_cmpuint(g_variant_n_children(counters), ==, 0);
                g_assert_cmpuint(pi_tally_of_member(tally, "10.0.0.1"), ==, 0);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/tally/listing", test_listing);
        g_test_add_func("/tally/other-forms", test_other_forms);
        return g_test_run();
}
