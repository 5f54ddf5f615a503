# SPDX-License-Identifier: Apache-2.0
# edits.pl SEED make|edit DIR: a tree of files with all kinds of names and contents; random edits of
# it.  The same seed makes the same.
use strict;
use warnings;

my ($seed, $what, $dir) = @ARGV;
chdir $dir or die "$dir: $!";
srand($seed + ($what eq 'edit'));

my @odd = ("a b", "tab\there", "quote\"d", "back\\slash", "new\nline", "l\xe4tin", "\xc3\xbc", "-dash",
	   "semi;colon", "#hash", " lead", "trail ", "'single", "\x7f", "...", "a b/c d", "x\ty/\"z\"");

sub lines { join '', map { ("  " x int rand 3) . (qw(if else { } return x)[rand 6]) . int(rand 9) . "\n" } 1 .. $_[0] }

sub content
{
	my $k = int rand 10;
	return '' if $k == 0;
	return join '', map { chr int rand 256 } 1 .. 1 + rand 3000 if $k == 1;
	my $t = lines(1 + rand 60);
	chop $t if $k == 2;
	$t =~ s/\n/\r\n/g if $k == 3;
	return $t;
}

sub put
{
	my ($path, $data) = @_;
	my $up = $path;
	while ($up =~ s{/[^/]*$}{}) { unlink $up if -l $up || -f $up }
	$up = '';
	for (split m{/}, $path =~ s{/?[^/]*$}{}r) { $up .= "$_/"; mkdir $up }
	return if -d $path && !-l $path;
	unlink $path;
	open my $f, '>:raw', $path or die "$path: $!";
	print $f $data;
	close $f or die;
}

sub get { open my $f, '<:raw', $_[0] or die "$_[0]: $!"; local $/; my $d = <$f>; $d // '' }

sub name
{
	my $n = $_[0] % 3 ? "f$_[0]" : $odd[$_[0] % @odd] . $_[0];
	return (('', 'd1/', 'd2/deep/', 'd3/')[$_[0] % 4]) . $n;
}

sub edit
{
	my $f = shift;
	my $k = int rand 12;
	if ($k == 0) { unlink $f }
	elsif ($k == 1) { chmod 0755 - (0755 & 0111) * int rand 2, $f }
	elsif ($k == 2) { rename $f, "$f.moved" }
	elsif ($k == 3) { my $d = get($f); $d =~ s/\n\z// or $d .= "\n"; put($f, $d) }
	elsif ($k == 4) { unlink $f; symlink "to\n$k", $f }
	elsif ($k == 5) { unlink $f; mkdir $f; put("$f/in", content()) }
	elsif ($k == 6) { put($f, content()) }
	elsif ($k == 7) { my $d = get($f); rename $f, "moved to $k"; put("$f more", $d . lines(3)); unlink $f }
	else {
		my @l = split /(?<=\n)/, get($f);
		for (1 .. 1 + rand 6) {
			my $at = int rand(@l + 1);
			splice @l, $at, int rand 4, rand() < .7 ? split(/(?<=\n)/, lines(int rand 4)) : ();
		}
		put($f, join '', @l);
	}
}

if ($what eq 'make') {
	for (0 .. 299) {
		put(name($_), content());
		chmod 0755, name($_) if rand() < .1;
	}
	symlink "target $_", "link$_" for 0 .. 9;
	exit;
}
for (0 .. 299) { my $n = name($_); edit($n) if -f $n && !-l $n && rand() < .7 }
for (0 .. 9) {
	unlink "link$_" if $_ % 2;
	if ($_ % 4 == 1) { symlink "other", "link$_" }
	elsif ($_ == 3) { put("link$_", "a file\n") }
}
put("new/" . name(1000 + $_), content()) for 0 .. 30;
