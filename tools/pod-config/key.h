/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every key of a pod file, once: its type, range, default, plan line, and whether what it asks for
 * is built.  Reading, defaults, messages, the plan and `pod-config keys` all go by this table.
 */
#ifndef POD_CONFIG_KEY_H
#define POD_CONFIG_KEY_H

#include <jv.h>
#include <stdbool.h>

enum type {
	T_SECTION, /* keys below it; range: the key that a bare value stands for */
	T_MAP,     /* free keys; range: "TYPE-OF-KEY TYPE-OF-VALUE" */
	T_BOOL,
	T_INT,     /* range: MIN..MAX */
	T_CORES,   /* range: MIN..MAX, with a fraction */
	T_SIZE,    /* range: MIN..MAX */
	T_SECONDS, /* range: MIN..MAX */
	T_ENUM,    /* range: WORD|WORD=ALIAS|… */
	T_TEXT,    /* anything, also nothing */
	T_STRING,  /* anything but nothing */
	T_POD,
	T_USER,
	T_PATH,     /* relative ones: to the pod file's directory */
	T_HOMEPATH, /* relative ones: to the invoking user's home */
	T_PODPATH,  /* a path in the pod: never relative */
	T_PROFILE,
	T_APP,
	T_VARIABLE,
	T_CPUS,
	T_NAME,   /* a domain pattern */
	T_ALLOW,  /* a domain pattern, with ports */
	T_TARGET, /* an address or a domain */
	T_UPSTREAM,
	T_CIDR,
	T_SUBNET,
	T_FORWARD, /* HOST:POD[/tcp|udp] */
	T_PORT,    /* PORT[/tcp|udp] */
	T_RATE,
	T_BANDWIDTH,
	T_PIXELS,
	T_HEADER,
	T_METHOD,
	T_JQ,     /* a jq program */
	T_GPU,    /* yes, no, or which one */
	T_PLUGIN, /* KIND-NAME [WORD=VALUE]... */
	T_ANCHOR, /* file:PATH, command:/PROGRAM WORD..., syslog */
	T_COUNT
};

enum key_flags {
	KEY_LIST = 1,
	KEY_NEEDED = 2,   /* its section makes no sense without it */
	KEY_COMPILED = 4, /* written by us into pod.json; not for pod files */
	KEY_ONE = 16,     /* a list that may be given as its only item */
	KEY_EITHER = 32,  /* a value of its type, or a list of such */
	KEY_LATE = 8,     /* its default depends on another key: rules.c asks for it */
};

/* What a value must be to ask for nothing that is missing. */
#define KEY_BUILT NULL /* anything: the wall stands */
#define KEY_TUNES "*"  /* anything: it only tunes what another key asks for */

struct key {
	const char *path; /* "network.dns.allow"; "[]" for each item of a list of sections */
	enum type type;
	unsigned flags;
	const char *range;    /* see enum type */
	const char *fallback; /* default as a pod file would say it; items of a list by blanks */
	const char *plan;     /* key of its plan lines, where they are its value as it stands */
	const char *idle;     /* KEY_BUILT, KEY_TUNES, or WORD|WORD that ask for nothing */
	const char *help;
};

extern const struct key keys[]; /* ended by {0} */

/* The key `word` of the section `parent` ("" is the outermost), in any case; NULL: unknown. */
const struct key *key_child(const char *parent, const char *word);
/* By its whole path, exactly. */
const struct key *key_at(const char *path);
/* Its last word. */
const char *key_word(const struct key *k);
/* Does it stand directly below parent? */
bool key_is_child(const struct key *k, const char *parent);
/* Does this value ask for what is not built?  Takes value. */
bool key_asks(const struct key *k, jv value);

/* What to say of a word that is no key: "; did you mean x?", or "" (static buffer). */
const char *key_hint(const char *parent, const char *word);

/* Another spelling of a key. */
struct alias {
	const char *from, *to;
	const char *unit; /* put behind the value */
};
extern const struct alias aliases[];

/* Keys ("a.b") and values ("a.b=word") we know and do not take, and why; below such a key nothing
 * is taken either.  NULL when there is nothing to say. */
const char *key_refusal(const char *path);

#endif
