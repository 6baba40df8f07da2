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

/* Cut anywhere, a part comes in pieces that are it. */
static void test_take(void) {
        for (unsigned i = 0; i < 5000; i++) {
                uint64_t terms = 1 + random_magnitude(40);
                uint64_t parts = 1 + random_below(pi_parts_max(terms));
                uint64_t first = random_below(parts), end = MIN(parts, first + 20);
                uint64_t at = pi_part_range(terms, parts, first).begin, begin = at;
                uint64_t last = pi_part_range(terms, parts, end - 1).end;
                PiPartWalk walk;

                pi_part_walk_init(&walk, terms, parts, first);
                while (!pi_part_walk_done(&walk, end)) {
                        uint64_t limit = (at / 8 + 1 + random_below((last - begin) / 64 + 1)) * 8;
                        PiRange piece = pi_part_walk_take(&walk, limit);
                        PiRange part = pi_part_range(terms, parts, walk.part - 1);

                        g_assert_cmpuint(piece.begin, ==, at);
                        g_assert_cmpuint(piece.begin, >=, part.begin);
                        g_assert_cmpuint(piece.end, ==, MIN(limit, part.end));
                        g_assert_cmpuint(pi_part_walk_at(&walk), ==, piece.end);
                        at = piece.end;
                }
                g_assert_cmpuint(at, ==, last);
        }
}

/* Whole parts at once are the same parts. */
static void test_take_whole(void) {
        for (unsigned i = 0; i < 5000; i++) {
                uint64_t terms = 1 + random_magnitude(30);
                uint64_t parts = 1 + random_below(pi_parts_max(terms));
                uint64_t first = random_below(parts), end = first + 1 + random_below(60);
                uint32_t n_groups[64], n_max = 1 + (uint32_t) random_below(64), n;
                PiPartWalk walk;
                uint64_t limit, at;

                pi_part_walk_init(&walk, terms, parts, first);
                at = walk.group;
                limit = at + random_below(70 * (walk.step + 1));
                n = pi_part_walk_take_whole(&walk, limit, end, n_groups, n_max);
                g_assert_cmpuint(n, <=, n_max);
                for (uint32_t k = 0; k < n; k++) {
                        PiRange part = pi_part_range(terms, parts, first + k);

                        g_assert_cmpuint(part.begin, ==, at * PI_GROUP_TERMS);
                        at += n_groups[k];
                        g_assert_cmpuint(part.end, ==, at * PI_GROUP_TERMS);
                }
                g_assert_cmpuint(at, <=, limit);
                g_assert_cmpuint(pi_part_walk_at(&walk), ==, at * PI_GROUP_TERMS);
                g_assert_cmpuint(walk.part, ==, first + n);
                /* No more for one of these reasons only. */
                g_assert_true(n == n_max || first + n == end || first + n == parts - 1 ||
                              pi_part_range(terms, parts, first + n).end / 8 > limit);
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/part-walk/small", test_small);
        g_test_add_func("/part-walk/huge", test_huge);
        g_test_add_func("/part-walk/take", test_take);
        g_test_add_func("/part-walk/take-whole", test_take_whole);
        return g_test_run();
}
