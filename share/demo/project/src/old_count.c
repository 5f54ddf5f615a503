/* The first version: it counted blanks. */
