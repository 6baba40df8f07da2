/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/series/part-walk.h"

#include "daemon/series/partition.h"
#include "tests/unit/series/random.h"

static void check_run(uint64_t terms, uint64_t parts, uint64_t first, uint64_t n) {
        PiPartWalk walk;

        pi_part_walk_init(&walk, terms, parts, first);
        for (uint64_t part = first; part < first + n; part++) {
                PiRange walked = pi_part_walk_next(&walk),
                        computed = pi_part_range(terms, parts, part);

                g_assert_cmpuint(walked.begin, ==, computed.begin);
                g_assert_cmpuint(walked.end, ==, computed.end);
        }
}

static void test_small(void) {
        for (uint64_t terms = 1; terms <= 300; terms++)
                for (uint64_t parts = 1; parts <= pi_parts_max(terms); parts++)
                        for (uint64_t first = 0; first < parts; first++)
                                check_run(terms, parts, first, parts - first);
}

static void test_huge(void) {
        for (unsigned i = 0; i < 2000; i++) {
                uint64_t terms = i % 4 == 0 ? PI_TERMS_MAX - random_below(100)
                                            : 1 + random_magnitude(53) % PI_TERMS_MAX;
                uint64_t parts = 1 + random_below(pi_parts_max(terms));
                uint64_t first = i % 3 == 0 ? parts - MIN(parts, 50) : random_below(parts);

                check_run(terms, parts, first, MIN(parts - first, 50));
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/part-walk/small", test_small);
        g_test_add_func("/part-walk/huge", test_huge);
        return g_test_run();
}
