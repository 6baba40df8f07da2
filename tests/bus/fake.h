/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "tests/bus/harness.h"

/* Somebody else on the bus of a test, who answers as the test makes it up: the helper of the
 * firewall, or firewalld. It runs on a thread of its own, until it is freed. */
typedef struct Fake Fake;

/* Has the names (NULL-terminated) when this returns. */
Fake *fake_new(TestBus *bus, const char *const *names);
void fake_free(Fake *fake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Fake, fake_free)

/* What a method of this name answers from now on: a tuple in the text of GVariant, such as
 * "('x', uint32 1)". Until then it is an error that nobody knows the method. */
void fake_answer(Fake *fake, const char *method, const char *tuple);

/* The same with an error. */
void fake_fail(Fake *fake, const char *method, const char *error_name, const char *message);

/* It is never answered. */
void fake_hang(Fake *fake, const char *method);

/* The arguments of the last call of a method as text of GVariant, to be freed; NULL: it was not
 * called. */
char *fake_called(Fake *fake, const char *method);
