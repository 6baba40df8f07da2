/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>

/* Text from others (labels, messages of the bus, arguments) on its way to a terminal. */

/* A copy that moves no cursor and hides nothing: every character that does not print (control and
 * format characters, bytes that are no UTF-8) is shown as an escape such as \n, \x1b or \u202e.
 * Unless `utf8`, so is every character that is not ASCII. Cut, with "...", after max_characters of
 * the input if that is not 0. */
char *pi_text_escape(const char *text, gboolean utf8, gsize max_characters);

/* pi_text_escape() to ASCII, in single quotes. */
char *pi_text_quote(const char *text, gsize max_characters);

/* Columns the text takes on a terminal: wide characters count 2, combining ones 0. Valid UTF-8
 * only. */
gsize pi_text_width(const char *text);

/* A copy of at most `columns` columns, the last of them the ellipsis when something was cut off. */
char *pi_text_ellipsize(const char *text, gsize columns, gboolean utf8);
