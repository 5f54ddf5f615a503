#include "count.h"

#include <ctype.h>

long count_words(FILE *f)
{
	long words = 0;
	int c, inside = 0;

	while ((c = getc(f)) != EOF) {
		if (!isspace(c) && !inside)
			words++;
		inside = !isspace(c);
	}
	return words;
}
