/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "daemon/cluster/cluster.h"
#include "daemon/cluster/fields.h"
#include "daemon/cluster/name.h"
#include "daemon/cluster/roster-variant.h"

#define PI_VERSION_BYTES_MAX 64
#define PI_INSTANCE_LENGTH 32 /* hex digits */
#define PI_CPUS_MAX 65536

/* What has to match between two nodes: members say it in Identify, a joiner and who admits it in
 * Join. */
typedef struct PiEdition {
        uint32_t protocol, protocol_oldest; /* spoken: both and what is between */
        uint32_t numerics;
        char version[PI_VERSION_BYTES_MAX + 1]; /* of the program, for people */
} PiEdition;

void pi_edition_to_dict(const PiEdition *edition, GVariantDict *dict);
void pi_edition_from_fields(PiFields *fields, PiEdition *ret);

/* Errors: PI_ERROR_INCOMPATIBLE naming what differs, on which side, and what to do. */
gboolean pi_edition_check(const PiEdition *a, const char *name_a, const PiEdition *b,
                          const char *name_b, GError **error);

/* The answer of Identify: what a node says of itself. */
typedef struct PiIntroduction {
        PiEdition edition;
        char name[PI_NODE_NAME_MAX + 1];
        char cluster[PI_CLUSTER_ID_LENGTH + 1]; /* "" for none */
        char instance[PI_INSTANCE_LENGTH + 1];  /* random, of this run of the service */
        char roster[PI_ROSTER_DIGEST_LENGTH + 1]; /* "" when it does not say */
        uint32_t cpus;
        double terms_per_second; /* with all of them; 0: not measured */
        char kernel[24];
        uint64_t clock_usec; /* CLOCK_REALTIME */
        uint32_t port;       /* 0: it does not listen */
        gboolean outbound_only;
        char **addresses;
} PiIntroduction;

void pi_introduction_clear(PiIntroduction *introduction);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PiIntroduction, pi_introduction_clear)

/* A floating a{sv}. */
GVariant *pi_introduction_to_variant(const PiIntroduction *introduction);
/* Errors: PI_ERROR_INVALID_OPTION. */
gboolean pi_introduction_from_variant(GVariant *dict, PiIntroduction *ret, GError **error);
