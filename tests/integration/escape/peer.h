/* SPDX-License-Identifier: Apache-2.0 */
/* The host's side: a process of the host with everything that a pod must not get hold of. */
#ifndef TESTS_INTEGRATION_ESCAPE_PEER_H
#define TESTS_INTEGRATION_ESCAPE_PEER_H

#define SECRET       "envpod-escape-secret" /* contents of every file a pod must not read */
#define HOST_SOCK    "/run/host.sock"
#define PEER_NAME    "host-peer"
#define PEER_PID     "/srv/peer.pid" /* in the view: an attacker knows the number */
#define PEER_SIGNALS "/run/peer.signals"
#define PEER_KEY     0x454e5650
#define PEER_MQ      "/envpod-escape"
#define PEER_PORT    5557

#endif
