#ifndef COUNT_H
#define COUNT_H

#include <stdio.h>

long count_words(FILE *f);

#endif
