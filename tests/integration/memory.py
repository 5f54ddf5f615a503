# SPDX-License-Identifier: Apache-2.0
"""memory.py PID FORMS: how often one of the forms (lines of that file) is in the memory of a process.

0, or "locked" when every page with one of them is locked, or "loose" and where it is.
"""
import re, sys

pid, forms = sys.argv[1], [line for line in open(sys.argv[2], "rb").read().split(b"\n") if line]
found, loose, at = 0, [], None
smaps = {}
for line in open("/proc/%s/smaps" % pid):
    m = re.match(r"([0-9a-f]+)-([0-9a-f]+) (\S+) .*?(\S*)$", line)
    if m:
        at = (int(m[1], 16), int(m[2], 16), m[3], m[4])
    elif line.startswith("VmFlags:"):
        smaps[at] = line.split()[1:]
with open("/proc/%s/mem" % pid, "rb", 0) as mem:
    for (begin, end, mode, name), flags in smaps.items():
        if "r" not in mode or name in ("[vvar]", "[vsyscall]", "[vvar_vclock]"):
            continue
        try:
            mem.seek(begin)
            data = mem.read(end - begin)
        except (OSError, OverflowError):
            continue
        n = sum(data.count(form) for form in forms)
        found += n
        if n and "lo" not in flags:
            loose.append("%x-%x %s %s" % (begin, end, mode, name))
print("loose " + "; ".join(loose) if loose else "locked" if found else 0)
