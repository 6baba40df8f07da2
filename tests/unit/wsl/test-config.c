/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each NAME.before of the corpus has to become NAME.after, byte for byte. conf-* are wsl.conf, the
 * others .wslconfig: old-* of WSL 2.0, nat-* of a Windows without the mirrored mode. */
#include "ctl/wsl/config.h"

#include <string.h>

#include "dbus/error.h"

#define CORPUS_MIN 40

static PiWslWants wants_of(const char *name) {
        gboolean old = g_str_has_prefix(name, "old-");

        return (PiWslWants) { .mirrored = !g_str_has_prefix(name, "nat-"),
                              .instance_idle = !old,
                              .modules = !old };
}

static char *edit(const char *name, const char *text, gsize length) {
        PiWslWants wants = wants_of(name);
        g_autoptr(GError) error = NULL;
        char *out = g_str_has_prefix(name, "conf-")
                            ? pi_wsl_conf_edit(name, text, length, &error)
                            : pi_wsl_config_edit(name, text, length, &wants, &error);

        g_assert_no_error(error);
        return out;
}

static void test_golden(gconstpointer data) {
        const char *name = data;
        g_autofree char *before = NULL, *after = NULL, *once = NULL, *twice = NULL;
        g_autofree char *b = g_strconcat("corpus/", name, ".before", NULL);
        g_autofree char *a = g_strconcat("corpus/", name, ".after", NULL);
        g_autofree char *bpath = g_test_build_filename(G_TEST_DIST, b, NULL);
        g_autofree char *apath = g_test_build_filename(G_TEST_DIST, a, NULL);
        gsize length;

        g_assert_true(g_file_get_contents(bpath, &before, &length, NULL));
        g_assert_true(g_file_get_contents(apath, &after, NULL, NULL));
        once = edit(name, before, length);
        g_assert_cmpstr(once, ==, after);
        twice = edit(name, once, strlen(once));
        g_assert_cmpstr(twice, ==, once);
}

static void add_corpus(void) {
        g_autofree char *path = g_test_build_filename(G_TEST_DIST, "corpus", NULL);
        g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
        const char *file;
        guint n = 0;

        g_assert_nonnull(dir);
        while ((file = g_dir_read_name(dir))) {
                const char *end = strstr(file, ".before");
                char *name;
                g_autofree char *test = NULL;

                if (!end)
                        continue;
                name = g_strndup(file, (gsize) (end - file)); /* as long as the test */
                test = g_strconcat("/wsl/config/", name, NULL);
                g_test_add_data_func_full(test, name, test_golden, g_free);
                n++;
        }
        g_assert_cmpuint(n, >=, CORPUS_MIN);
}

static void refuse(const char *text, gsize length, const char *words) {
        PiWslWants wants = { TRUE, TRUE, TRUE };
        g_autoptr(GError) error = NULL;

        g_assert_null(pi_wsl_config_edit("C:\\.wslconfig", text, length, &wants, &error));
        g_assert_error(error, PI_ERROR, PI_ERROR_FAILED);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, "C:\\.wslconfig"));
        g_assert_nonnull(strstr(error->message, words));
}

static void test_refused(void) {
        g_autofree char *large = g_strnfill(PI_INI_BYTES_MAX + 1, '#');
        g_autofree char *lines = g_strnfill(PI_INI_LINES_MAX + 1, '\n');

        refuse("[wsl2]\na=b\0c\n", 13, "line 2 has a NUL byte");
        refuse("\xff\xfe[\0w\0", 6, "UTF-16");
        refuse("\xfe\xff\0[\0w", 6, "UTF-16");
        refuse("[wsl2]\n\n# caf\xe9\n", 15, "line 3 is not UTF-8");
        refuse("[wsl2]\rmemory=1GB\n", 18, "line 1 has a carriage return");
        refuse("[wsl2]\n\nkernel=C:\\", 18, "line 3 is the last and ends with a backsl");
        refuse("[boot]\nsystemd=\\\n", 17, "line 2 is the last");
        refuse(large, PI_INI_BYTES_MAX + 1, "at most 1048576");
        refuse(lines, PI_INI_LINES_MAX + 1, "more than 20000 lines");
}

static void test_parse(void) {
        static const char text[] = "[wsl2]\nkernel = \"C:\\\\a #1\" x # y\nz\n\n"
                                   "A=\\t1\\\n 2 \nB=1\n";
        g_autoptr(PiIni) ini = pi_ini_parse(PI_INI_CONFIG, "f", text, strlen(text), NULL);
        const PiIniEntry *e = pi_ini_find(ini, "WSL2", NULL, "KERNEL");

        g_assert_cmpstr(e->value, ==, "C:\\a #1 x");
        g_assert_cmpuint(e->line, ==, 2);
        g_assert_cmpuint(ini->ignored->len, ==, 1);
        g_assert_cmpuint(g_array_index(ini->ignored, guint, 0), ==, 3);
        e = pi_ini_find(ini, "wsl2", NULL, "a");
        g_assert_cmpstr(e->value, ==, "\t1 2");
        g_assert_cmpuint(e->line, ==, 5);
        e = pi_ini_find(ini, "wsl2", NULL, "b");
        g_assert_cmpuint(e->line, ==, 7);
        g_assert_null(pi_ini_find(ini, "general", NULL, "b"));
        g_assert_true(pi_ini_find(ini, "general", "wsl2", "b") == e);
}

static void in_section(const char *text, const char *section) {
        g_autoptr(PiIni) ini = pi_ini_parse(PI_INI_CONFIG, "f", text, strlen(text), NULL);
        const PiIniEntry *e = ini->entries->pdata[ini->entries->len - 1];

        g_assert_cmpstr(e->section, ==, section);
}

/* A header that WSL warns of leaves its mark in the name all the same. */
static void test_headers(void) {
        in_section("[wsl2]\n[ general ]\na=b\n", "wsl2");
        in_section("[wsl2]\n[]\na=b\n", "wsl2");
        in_section("[wsl2]\n[generally\na=b\n", "gene");
        in_section("[wsl2]\n[WSL2] x\na=b\n", "WSL2");
        in_section("[wsl2]\n[wsl\na=b\n", "");
        in_section("[wsl2]\n[wsl\n[ x\na=b\n", "");
        in_section("[wsl2]\n[wsl\n[wsl2y\na=b\n", "wsl2");
        in_section("[wsl2]\n[bad\n[general]\na=b\n", "general");
        in_section("[wsl2\na=b\n", "");
}

static void test_values(void) {
        g_autofree char *none = pi_wsl_missing_modules("nft_log,tls,nft_limit");
        g_autofree char *blanks = pi_wsl_missing_modules("nft_log , tls,nft_limit");
        g_autofree char *one = pi_wsl_missing_modules("nft_log,tls2,nft_limit");

        g_assert_cmpstr(none, ==, "");
        g_assert_cmpstr(one, ==, "tls");
        g_assert_cmpstr(blanks, ==, "tls,nft_log");
        g_assert_true(pi_wsl_value_is_negative("-1"));
        g_assert_false(pi_wsl_value_is_negative("-1s"));
        g_assert_false(pi_wsl_value_is_negative("-"));
        g_assert_false(pi_wsl_value_is_negative(""));
        g_assert_false(pi_wsl_value_is_negative("0"));
        g_assert_false(pi_wsl_value_is_negative("-99999999999"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        add_corpus();
        g_test_add_func("/wsl/config/refused", test_refused);
        g_test_add_func("/wsl/config/parse", test_parse);
        g_test_add_func("/wsl/config/headers", test_headers);
        g_test_add_func("/wsl/config/values", test_values);
        return g_test_run();
}
