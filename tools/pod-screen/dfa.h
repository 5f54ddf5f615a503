/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running a program over bytes: a deterministic automaton that is made while it is needed, and
 * forgotten when it has grown to its bound.  So time is linear in the text, with one look-up a byte
 * as a rule, and memory is bounded, whatever patterns and text are.
 */
#ifndef POD_SCREEN_DFA_H
#define POD_SCREEN_DFA_H

#include "tools/pod-screen/pattern.h"

#define DFA_STATES 20000u
#define DFA_BYTES  (24u << 20)

struct dfa_state;

/* Threads of one pattern, each with the leftmost place it may have begun at. */
struct dfa_threads {
	size_t *starts; /* by instruction; SIZE_MAX: no thread there */
	uint32_t *insts;
	size_t n;
};

/* A set of instructions. */
struct dfa_set {
	uint32_t *dense, *from, n;
};

struct dfa_list {
	uint32_t *v;
	size_t n;
	bool is_known;
};

struct dfa {
	const struct program *p;
	uint8_t class_of[256];
	unsigned char sample[256]; /* a byte of each class */
	unsigned classes;          /* and one more, the end of the text */
	struct dfa_state **states;
	uint32_t n, *table; /* hash table of states, by what they are */
	int32_t *next;      /* [state * (classes + 1) + class]; -1: not known yet */
	size_t bytes;       /* what the states hold */
	uint64_t flushes;
	struct dfa_set begin; /* instructions that each state has: a match may begin anywhere */
	bool *is_begin;
	struct dfa_list *fresh;   /* by what was before and class of byte */
	struct dfa_set core, set; /* while a state is made */
	uint32_t *found, n_found;
	uint32_t *stack, *list;
	struct dfa_threads threads[2];
};

void dfa_init(struct dfa *d, const struct program *p);
void dfa_finish(struct dfa *d);
/*
 * Call found() with each pattern and each place where a match of it ends, in the order of places:
 * a longer match of the same start is told again.
 */
void dfa_run(struct dfa *d, const char *text, size_t len,
	     void (*found)(void *arg, uint32_t pattern, size_t end), void *arg);
/*
 * Where the match that ends at end begins: the leftmost place, at most the pattern's reach before.
 * SIZE_MAX: nowhere within reach.
 */
size_t dfa_start_of(struct dfa *d, const char *text, size_t len, uint32_t pattern, size_t end);

#endif
