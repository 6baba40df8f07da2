/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* MESSAGE_ID of each record the daemon writes to the journal; units/pi-computed.catalog explains
 * them. Every record carries NODE_ID=, and UNIT= or USER_UNIT= where the service runs as a unit.
 * A record about a job carries JOB_ID=, PI_STATE=, PI_OWNER= (a user id), PI_TERMS=, PI_PARTS=,
 * PI_KERNEL= and, where it has one, PI_LABEL=; one about a job that failed or was cancelled, about
 * the store or the settings, PI_ERROR= with the name of the error; one about a core PI_CPU= and,
 * where the machine tells it, PI_PACKAGE= and PI_CORE=, one about a lease also PI_FIRST_PART= and
 * PI_PARTS=, one about a wrong sum also PI_VERDICT=, PI_FIRST_TERM=, PI_TERMS=, PI_RESIDUAL= and
 * PI_KERNEL=; one about another node PI_NODE= with its id and PI_NODE_NAME=, one about the cluster
 * PI_CLUSTER=, one about a token PI_TOKEN= with its id, one about a connection PI_ADDRESS=. */
#define PI_EVENT_STARTED "09be9fd0a6cf48b29afab7bfe875cd7d"
#define PI_EVENT_JOB_QUEUED "78ea79b6d33b4f58b83bd42e75ddbe38"
#define PI_EVENT_JOB_STARTED "f725d1807bd24f3ba1079bfe69d46c13"
#define PI_EVENT_JOB_RESUMED "095b189091664944a13c109792e4807e"
#define PI_EVENT_JOB_SUSPENDED "3e0b630f7983490daf568cb46261ad1a"
#define PI_EVENT_JOB_PREEMPTED "bcad9771908e4cd29844eeefc50d2dfe"
#define PI_EVENT_JOB_LOST "497e67523c934c12ac8f546db709e9ea"
#define PI_EVENT_JOB_DONE "c4663764cfcc4e73874204e3a115b841"
#define PI_EVENT_JOB_FAILED "c41dde3901e64b81b67e68aa23fdd97b"
#define PI_EVENT_JOB_CANCELLED "490aa14422e9467586e5adf71c3a27eb"
#define PI_EVENT_FAULT_TRANSIENT "0fc7b57643894c1aa9df6e420356ec88"
#define PI_EVENT_FAULT_CORE "584414e2462c4fb09d1e79d59f1dec49"
#define PI_EVENT_FAULT_NODE "4fa4c3b421514a3d930f3cf855861629"
#define PI_EVENT_FAULT_SOFTWARE "1559983041ce4d529cde34e89f23cafc"
#define PI_EVENT_CORE_STILL_OUT "9c21a571d3be40e79f40634a1ebf5b4e"
#define PI_EVENT_CORE_RESTORED "75237b314b2345d99a1900cad69b8642"
#define PI_EVENT_FAULT_INJECTED "ed4afca1741f4e65a26b19c3d819fc9e"
#define PI_EVENT_WORKER_HUNG "475b53d8a386426ea5d628f0a3653969"
#define PI_EVENT_STORE_DEGRADED "7008e56609464090a069023d81165a6b"
#define PI_EVENT_STORE_RECOVERED "935664a51e88413295f3425d71fce0d7"
#define PI_EVENT_STORE_SET_ASIDE "13d792ea6d27418e82b8c4188a79bfcf"
#define PI_EVENT_RELOADED "677b024ab7a54abca4d5cb6f26b08696"
#define PI_EVENT_RELOAD_FAILED "de2156cec3be40c8a4e070e85d90d79e"
#define PI_EVENT_CALIBRATED "5098c0ef7e1c4ec7affeecda807c9243"
#define PI_EVENT_CLUSTER_MADE "eb01b0c8eafb49729774889b8729abaf"
#define PI_EVENT_CLUSTER_JOINED "dd0292c37e4241b58d5a04f237812d7e"
#define PI_EVENT_CLUSTER_LEFT "88550a55df004c9fa9d2b3eaf0aa1cf8"
#define PI_EVENT_CLUSTER_UNAVAILABLE "e4699ae0d92e48648996b4d674339a23"
#define PI_EVENT_CLUSTER_DEGRADED "63a2ce5f31794ad78cf1a499ed75e0d5"
#define PI_EVENT_CLUSTER_RECOVERED "0419f0c1732d43c9ab78ad6b92b65031"
#define PI_EVENT_MEMBER_ADDED "bdb7faaf2a294ec2a6b4dfa93cfa60d1"
#define PI_EVENT_MEMBER_UP "77a344e2ff4e4789b155a4cf97a1055c"
#define PI_EVENT_MEMBER_LOST "3306f818aea4405abc8560073f5b20b5"
#define PI_EVENT_MEMBER_REMOVED "3511dbe46ee646ea9d07e8fa4b25b2e1"
#define PI_EVENT_MEMBER_QUARANTINED "926b302080a5481da01c3615cd1ea257"
#define PI_EVENT_MEMBER_INCOMPATIBLE "7f651df376c440b289bc0787162e0a9e"
#define PI_EVENT_MEMBER_DUPLICATE "8432b6fa20ce4e928292e88fee22e4ee"
#define PI_EVENT_JOIN_REFUSED "a6bf8813d54a4fd5a1c8bac372a9b799"
#define PI_EVENT_TOKEN_MADE "2d9c249230ff42ecafee3a793f91f1d0"
#define PI_EVENT_TOKEN_USED "742dade166d940e3b7f68dc4252ea793"
#define PI_EVENT_TOKEN_REVOKED "53c7e9a6714146058820ad7bb6d4d7ea"
