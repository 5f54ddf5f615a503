# SPDX-License-Identifier: Apache-2.0
# subset.pl SEED < PATCH: some of the hunks of it, and some of the parts that are taken as a whole.
use strict;
use warnings;

srand(shift);
binmode STDIN;
binmode STDOUT;
local $/;
my @parts = split /^(?=diff --git )/m, <STDIN>;
my ($last, $kept) = ('', 0);

for my $part (@parts) {
	my ($name) = $part =~ m{^diff --git "?a/(.+?)"? "?b/\1"?\n} or next;
	# Of a change of type both halves are kept, or none, and what is in such a directory with it.
	if ($name ne $last && index($name, "$last/") != 0) {
		$kept = rand() < .5;
		$last = $name;
	}
	if ($part =~ /^(new file|deleted file|GIT binary|Binary files|rename)|120000$/m) {
		print $part if $kept;
		next;
	}
	my ($head, @hunks) = split /^(?=@@ -)/m, $part;
	@hunks = grep { rand() < .5 } @hunks;
	print $head, @hunks if @hunks || $head =~ /^old mode/m && $kept && $head !~ s/^(index|---|\+\+\+) .*\n//mg;
}
