# SPDX-License-Identifier: Apache-2.0
# owners.pl HOST MODEL UID TREE...: standing in the model, as listed (by `tree`) in the file MODEL, give everything in
# these trees the owner that a commit gives it on a host that is as listed in HOST, in a directory of root's.  UID is
# the person the pod belongs to.  What stays keeps its owner; what root made is root's in directories of root's; all else is that person's.
use strict;
use warnings;

my ($before, $after, $person, @trees) = @ARGV;
my %chosen = map { $_ => 1 } @trees;

sub listing
{
	my %tree;
	open my $f, '<', shift or die;
	while (<$f>) {
		my ($path, $type, undef, $uid, $gid) = /^(\S+) (.) (\S+) (\d+):(\d+)/ or die "what is $_";
		$tree{$path} = {type => $type, uid => $uid, gid => $gid};
	}
	return \%tree;
}

sub choose
{
	my ($seen, $was, $roots) = @_;
	return $seen if defined $was && $was == $seen;
	return 0 if $seen == 0 && $roots;
	return $person;
}

my ($host, $model) = (listing($before), listing($after));
my %owner;
for my $path (sort keys %$model) {
	next unless $chosen{$path =~ s{/.*}{}r};
	my ($old, $new) = ($host->{$path}, $model->{$path});
	my $up = $path =~ s{/[^/]*$}{}r;
	my $above = $up eq $path ? 0 : ($host->{$up}{type} // '') eq 'd' ? $host->{$up}{uid} : $owner{$up}[0];
	my ($uid, $gid) = map { choose($new->{$_}, $old->{$_}, $above == 0) } qw(uid gid);
	$owner{$path} = [$uid, $gid];
	next if $uid == $new->{uid} && $gid == $new->{gid};
	my $name = $path =~ s/\\x(..)/chr hex $1/ger;
	-l $name ? system('chown', '-h', "$uid:$gid", '--', $name) && die : chown($uid, $gid, $name) || die "$path: $!";
}
