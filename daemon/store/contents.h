/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/store/database.h"
#include "daemon/store/store.h"

PiStoreContents *pi_store_contents_new(void);
void pi_store_contents_free(PiStoreContents *contents);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(PiStoreContents, pi_store_contents_free)

/* What a service that starts needs to know; NULL: the database has failed. */
PiStoreContents *pi_store_contents_load(PiDatabase *db);
