/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "daemon/cluster/introduction.h"
#include "daemon/cluster/token.h"

/* The argument of Join. */
typedef struct PiJoinRequest {
        guint8 token[PI_TOKEN_ID_BYTES];
        guint8 proof[PI_FINGERPRINT_BYTES];
        PiEdition edition;
        char name[PI_NODE_NAME_MAX + 1];
        char instance[PI_INSTANCE_LENGTH + 1];
        uint64_t clock_usec;
        uint16_t port; /* 0: outbound only */
        char **addresses;
} PiJoinRequest;

void pi_join_request_clear(PiJoinRequest *request);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PiJoinRequest, pi_join_request_clear)

/* A floating a{sv}. */
GVariant *pi_join_request_to_variant(const PiJoinRequest *request);
/* Errors: PI_ERROR_INVALID_OPTION. */
gboolean pi_join_request_from_variant(GVariant *dict, PiJoinRequest *ret, GError **error);

/* Its result: the roster, with the joiner in it, and the name of who admitted it. */
GVariant *pi_join_answer_to_variant(const PiRoster *roster, const char *name);
/* Errors: PI_ERROR_INVALID_OPTION, also when one of the two nodes is not in the roster. */
PiRoster *pi_join_answer_from_variant(GVariant *dict, const char *joiner, const char *member,
                                      char **ret_name, GError **error);
