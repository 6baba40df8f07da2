/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/series/partition.h"

#include "tests/unit/series/random.h"

static void check_part(uint64_t terms, uint64_t parts, uint64_t part) {
        PiRange r = pi_part_range(terms, parts, part);
        uint64_t groups = terms / PI_GROUP_TERMS;

        g_assert_cmpuint(r.begin, <=, r.end);
        g_assert_cmpuint(r.end, <=, terms);
        g_assert_cmpuint(r.begin % PI_GROUP_TERMS, ==, 0);

        /* No part is empty, and whole groups are shared out evenly, to one group. */
        g_assert_cmpuint(r.begin, <, r.end);
        if (part + 1 < parts) {
                uint64_t n = (r.end - r.begin) / PI_GROUP_TERMS;

                g_assert_cmpuint(r.end % PI_GROUP_TERMS, ==, 0);
                g_assert_cmpuint(n, >=, groups / parts);
                g_assert_cmpuint(n, <=, (groups + parts - 1) / parts);
        } else
                g_assert_cmpuint(r.end, ==, terms);

        g_assert_cmpuint(pi_part_of_term(terms, parts, r.begin), ==, part);
        g_assert_cmpuint(pi_part_of_term(terms, parts, r.end - 1), ==, part);
}

static void test_small(void) {
        for (uint64_t terms = 1; terms <= 1200; terms++)
                for (uint64_t parts = 1; parts <= pi_parts_max(terms); parts++) {
                        uint64_t next = 0;

                        for (uint64_t part = 0; part < parts; part++) {
                                PiRange r = pi_part_range(terms, parts, part);

                                check_part(terms, parts, part);
                                g_assert_cmpuint(r.begin, ==, next);
                                next = r.end;
                        }
                        g_assert_cmpuint(next, ==, terms);
                }
}

static void test_every_term(void) {
        const uint64_t terms = 803;

        for (uint64_t parts = 1; parts <= pi_parts_max(terms); parts++)
                for (uint64_t i = 0; i < terms; i++) {
                        PiRange r = pi_part_range(terms, parts, pi_part_of_term(terms, parts, i));

                        g_assert_cmpuint(r.begin, <=, i);
                        g_assert_cmpuint(i, <, r.end);
                }
}

static void test_huge(void) {
        for (unsigned i = 0; i < 100000; i++) {
                uint64_t terms = i % 4 == 0 ? PI_TERMS_MAX - random_below(100)
                                            : 1 + random_magnitude(53) % PI_TERMS_MAX;
                uint64_t max = pi_parts_max(terms);
                uint64_t parts = i % 8 == 0 ? max : 1 + random_magnitude(51) % max;
                uint64_t part = random_below(parts);
                uint64_t run = 1 + random_below(parts - part);
                PiRange one = pi_part_range(terms, parts, part), many, rest;

                check_part(terms, parts, part);
                check_part(terms, parts, 0);
                check_part(terms, parts, parts - 1);
                g_assert_cmpuint(pi_part_range(terms, parts, 0).begin, ==, 0);
                if (part + 1 < parts)
                        g_assert_cmpuint(pi_part_range(terms, parts, part + 1).begin, ==, one.end);

                many = pi_parts_range(terms, parts, part, run);
                g_assert_cmpuint(many.begin, ==, one.begin);
                g_assert_cmpuint(many.end, ==, pi_part_range(terms, parts, part + run - 1).end);

                rest = pi_parts_range(terms, parts, part + run, parts - part - run);
                g_assert_cmpuint(rest.begin, ==, many.end);
                g_assert_cmpuint(rest.end, ==, terms);

                many = pi_parts_range(terms, parts, part, 0);
                g_assert_cmpuint(many.begin, ==, many.end);
        }
}

static void test_known(void) {
        PiRange r;

        g_assert_cmpuint(pi_parts_max(1), ==, 1);
        g_assert_cmpuint(pi_parts_max(15), ==, 1);
        g_assert_cmpuint(pi_parts_max(16), ==, 2);
        g_assert_cmpuint(pi_parts_max(PI_TERMS_MAX), ==, UINT64_C(1250000000000000));

        r = pi_part_range(7, 1, 0);
        g_assert_cmpuint(r.begin, ==, 0);
        g_assert_cmpuint(r.end, ==, 7);

        /* 12 groups and 4 terms in 5 parts: groups 0, 2, 4, 7, 9. */
        const uint64_t begin[] = { 0, 16, 32, 56, 72, 100 };
        for (unsigned k = 0; k < 5; k++) {
                r = pi_part_range(100, 5, k);
                g_assert_cmpuint(r.begin, ==, begin[k]);
                g_assert_cmpuint(r.end, ==, begin[k + 1]);
        }

        /* The largest products that occur. */
        r = pi_part_range(PI_TERMS_MAX, pi_parts_max(PI_TERMS_MAX), UINT64_C(1249999999999999));
        g_assert_cmpuint(r.begin, ==, PI_TERMS_MAX - 8);
        g_assert_cmpuint(r.end, ==, PI_TERMS_MAX);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/series/partition/known", test_known);
        g_test_add_func("/series/partition/small", test_small);
        g_test_add_func("/series/partition/every-term", test_every_term);
        g_test_add_func("/series/partition/huge", test_huge);

        return g_test_run();
}
