#!/usr/bin/env bats
# Many pods at once: PODS=1000, say.
load ../lib/envpod
load ../lib/world
load ../lib/pods

setup()
{
	world_setup
	sites shop.example=198.51.100.1
	resolver "shop.example. 60 IN A 198.51.100.1"
}
teardown() { world_teardown; }

@test "hundreds of pods have a network each, the last one works, and nothing is left of them" {
	many_pods "${PODS:-500}"
}
