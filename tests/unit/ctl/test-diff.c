/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ctl/diff.h"

#include <string.h>

static void test_diff(void) {
        g_autoptr(GError) error = NULL;
        g_autofree char *same = pi_diff("a\nb\n", "a\nb\n", "intended", "live", &error);
        g_autofree char *other = pi_diff("a\nb\n", "a\nc\n", "intended", "live", &error);
        g_autofree char *gone = pi_diff("a\n", "", "intended", "live", &error);

        g_assert_no_error(error);
        g_assert_cmpstr(same, ==, "");
        g_assert_cmpstr(other, ==, "--- intended\n+++ live\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
        g_assert_nonnull(strstr(gone, "\n-a\n"));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/ctl/diff", test_diff);
        return g_test_run();
}
