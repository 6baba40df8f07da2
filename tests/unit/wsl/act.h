/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/unit/wsl/fake.h"

/* What tests of setup and undo do to a fake and expect of it. */

extern const PiWslWish act_plain, act_yes, act_elevate, act_print, act_force;

/* pi_wsl_setup() or pi_wsl_undo(). */
typedef int (*ActRun)(PiWslHost *host, const PiWslWish *wish, PiOutput *out, GError **error);

/* That ends well. */
void act_setup(Fake *f, const PiWslWish *wish);
void act_undo(Fake *f, const PiWslWish *wish);

/* That ends with an error that says this. */
void act_refused(Fake *f, const PiWslWish *wish, ActRun run, const char *words);

/* The text of a file, or of the one with this ending beside it; NULL for none. */
void act_has(const char *path, const char *wanted);
void act_has_beside(const char *path, const char *ending, const char *wanted);

/* Nothing of ours is beside the two files. */
void act_has_no_traces(Fake *f);

/* What was printed since the last time says this. */
void act_printed_has(Fake *f, const char *words);

/* A person writes into .wslconfig: "[wsl2]\nswap=0\n". */
void act_edit_config(Fake *f);
