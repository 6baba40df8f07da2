/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

#include "ctl/verbs.h"

/* Appends the help of pictl, or of one verb if that is not NULL, within 80 columns. */
void pi_help_append(GString *out, const PiVerb *verb);
