/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* MESSAGE_ID of each record the daemon writes to the journal; units/pi-computed.catalog explains
 * them. A record about a job carries JOB_ID=, one about a lease also PI_FIRST_PART=, PI_PARTS= and
 * PI_CPU=. */
#define PI_EVENT_STARTED "09be9fd0a6cf48b29afab7bfe875cd7d"
#define PI_EVENT_JOB_DONE "c4663764cfcc4e73874204e3a115b841"
#define PI_EVENT_JOB_FAILED "c41dde3901e64b81b67e68aa23fdd97b"
#define PI_EVENT_JOB_CANCELLED "490aa14422e9467586e5adf71c3a27eb"
#define PI_EVENT_LEASE_FAILED "d023721fc99a4a6699b99f85124080f3"
