/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the protocols in share/protocols, as wayland-scanner(1) makes them. */
#include "protocols/virtual-keyboard-unstable-v1.inc"
#include "protocols/wlr-data-control-unstable-v1.inc"
#include "protocols/wlr-output-management-unstable-v1.inc"
#include "protocols/wlr-screencopy-unstable-v1.inc"
#include "protocols/wlr-virtual-pointer-unstable-v1.inc"
