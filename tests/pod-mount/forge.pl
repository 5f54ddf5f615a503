# SPDX-License-Identifier: Apache-2.0
# forge.pl [--from-root] [--huge-header] [KIND PATH TYPE [LINK | @FILE]]...: a change set that diff
# --export would not write, as a tar on standard output.
use strict;
use warnings;

binmode STDOUT;
my ($from, $huge) = ('.', 0);

sub block
{
	my ($name, $type, $size, $link) = @_;
	my $h = pack 'a100 a8 a8 a8 a12 a12 a8 a1 a100 a6 a2 a32 a32 a8 a8 a155 x12', $name, '0000644', '0000000', '0000000',
		sprintf('%011o', $size), '00000000000', ' ' x 8, $type, $link // '', 'ustar', '00', '', '', '0000000', '0000000', '';
	substr $h, 148, 8, sprintf("%06o\0 ", unpack '%32C*', $h);
	print $h;
}

sub data { print $_[0], "\0" x (-length($_[0]) % 512) }

sub record
{
	my $rest = " $_[0]=$_[1]\n";
	my $n = length $rest;
	$n++ while length($n) + length($rest) != $n;
	return "$n$rest";
}

sub member
{
	my ($path, $type, $data, %rec) = @_;
	my $x = join '', map { record($_, $rec{$_}) } sort keys %rec;
	$x .= record('path', $path) . record('uid', 0) . record('gid', 0) . record('size', length $data) . record('mtime', '0.000000000');
	block('pax', 'x', length $x);
	data($x);
	block(substr($path, 0, 99), $type, length $data, $rec{linkpath});
	data($data);
}

while (@ARGV && $ARGV[0] =~ /^--/) {
	my $o = shift;
	$from = '/' if $o eq '--from-root';
	$huge = 1 if $o eq '--huge-header';
}
member('envpod-changes', '0', "envpod-changes 1\npod web\nuser 0 0\nfrom $from\nchanges 1\n");
if ($huge) { block('pax', 'x', 1 << 30); data("\0" x (8 << 20)) }
while (@ARGV) {
	my ($kind, $path, $type) = splice @ARGV, 0, 3;
	my ($link, $data) = ('', $type eq '0' ? "evil\n" : '');
	if (@ARGV && $ARGV[0] =~ /^@(.*)/) { open my $f, '<', $1 or die; local $/; $data = <$f>; shift }
	elsif (@ARGV && $type =~ /[12]/) { $link = shift }
	member("tree/$path", $type, $data, 'ENVPOD.kind' => $kind, 'ENVPOD.base' => 'none', $link ? (linkpath => $link) : ());
}
print "\0" x 1024;
