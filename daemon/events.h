/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* MESSAGE_ID of each record the daemon writes to the journal; units/pi-computed.catalog explains
 * them. A record about a job carries JOB_ID=, one about a core PI_CPU= and, where the machine tells
 * it, PI_PACKAGE= and PI_CORE=, one about a lease also PI_FIRST_PART= and PI_PARTS=, one about a
 * wrong sum also PI_VERDICT=, PI_FIRST_TERM=, PI_TERMS=, PI_RESIDUAL= and PI_KERNEL=. */
#define PI_EVENT_STARTED "09be9fd0a6cf48b29afab7bfe875cd7d"
#define PI_EVENT_JOB_DONE "c4663764cfcc4e73874204e3a115b841"
#define PI_EVENT_JOB_FAILED "c41dde3901e64b81b67e68aa23fdd97b"
#define PI_EVENT_JOB_CANCELLED "490aa14422e9467586e5adf71c3a27eb"
#define PI_EVENT_FAULT_TRANSIENT "0fc7b57643894c1aa9df6e420356ec88"
#define PI_EVENT_FAULT_CORE "584414e2462c4fb09d1e79d59f1dec49"
#define PI_EVENT_FAULT_NODE "4fa4c3b421514a3d930f3cf855861629"
#define PI_EVENT_FAULT_SOFTWARE "1559983041ce4d529cde34e89f23cafc"
#define PI_EVENT_CORE_STILL_OUT "9c21a571d3be40e79f40634a1ebf5b4e"
#define PI_EVENT_CORE_RESTORED "75237b314b2345d99a1900cad69b8642"
#define PI_EVENT_RECORD_TROUBLE "368a8dfaf56b4638b94dd87260203625"
#define PI_EVENT_FAULT_INJECTED "ed4afca1741f4e65a26b19c3d819fc9e"
#define PI_EVENT_WORKER_HUNG "475b53d8a386426ea5d628f0a3653969"
