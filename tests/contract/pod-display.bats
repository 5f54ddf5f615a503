#!/usr/bin/env bats
# What pod-display promises: a doctor.
load contract

setup() { contract_setup pod-display; }
teardown() { envpod_teardown; }

@test "doctor: a check a line" {
	"$TOOL" doctor --json | objects name group status message hint
}

@test "words" {
	helps doctor
}
