# SPDX-License-Identifier: Apache-2.0
"""human.py SEED STEPS TREE...: a pod works in the trees of $T/proj, of which $T/model is a copy, and between its runs the human
does.  What must come of that is found here, by plain copies and by comparing them:

    what the human changed, made or deleted where the pod has no change shows in the pod
    where both did, diff marks a conflict, and nowhere else
    a commit that would touch one is refused with 3, and neither side changes
    --partial brings the others to the host, --theirs all, --ours all but those, where the host's shows in the pod then
    a commit of some paths is of those paths, a rollback likewise, and the runs go on
    undo: refused with 3 where the human changed what was committed; --force takes it, undoing that brings it back

Needs pod-mount, ops, T and ENVPOD_RUN_DIR.  A failure is said in one line, with what was done before; status 1."""

import os
import random
import re
import shutil
import stat
import subprocess
import sys

T = os.fsencode(os.environ["T"])
HOST, MODEL = T + b"/proj", T + b"/model"
USERNS = os.environ["ENVPOD_RUN_DIR"] + "/web/ns/user"
history = []


class Wrong(Exception):
    pass


# --- trees ---


def entry(path):
    """All there is to know of one entry; None: there is none.  Of directories not their times."""
    try:
        st = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    kind = stat.S_IFMT(st.st_mode)
    attrs = tuple((n, os.getxattr(path, n, follow_symlinks=False))
                  for n in sorted(os.listxattr(path, follow_symlinks=False)) if n.startswith("user."))
    content = b""
    if stat.S_ISREG(st.st_mode):
        with open(path, "rb") as f:
            content = f.read()
    elif stat.S_ISLNK(st.st_mode):
        content = os.readlink(path)
    return (kind, stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid, attrs, content,
            0 if stat.S_ISDIR(st.st_mode) else st.st_mtime_ns)


def tree(top):
    """Every entry below the directory by its path."""
    found = {}
    for at, dirs, files in os.walk(top):
        for name in dirs + files:
            path = os.path.join(at, name)
            found[path[len(top) + 1:]] = entry(path)
    return found


def is_dir(e):
    return e is not None and e[0] == stat.S_IFDIR


def ancestors(path):
    while b"/" in path:
        path = path.rsplit(b"/", 1)[0]
        yield path


def below(path, top):
    return path == top or path.startswith(top + b"/")


def remove(path):
    if is_dir(entry(path)):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def copy(path, source, to):
    """The entry of one tree becomes that of the other's; of a directory not what is in it."""
    old, new = entry(to + b"/" + path), entry(source + b"/" + path)
    if not (is_dir(old) and is_dir(new)):
        remove(to + b"/" + path)
    if is_dir(new):
        os.makedirs(to + b"/" + path, exist_ok=True)
        for name in os.listxattr(to + b"/" + path):
            if name.startswith("user."):
                os.removexattr(to + b"/" + path, name)
        shutil.copystat(source + b"/" + path, to + b"/" + path)
    elif new is not None:
        subprocess.run([b"cp", b"-aT", source + b"/" + path, to + b"/" + path], check=True)


def changes(host, model):
    """What diff must list."""
    found = {}
    for path in host.keys() | model.keys():
        a, b = host.get(path), model.get(path)
        if a == b:
            continue
        found[path] = "A" if a is None else "D" if b is None else "T" if a[0] != b[0] else "M"
    return found


def compare(what, want, got):
    for path in sorted(want.keys() | got.keys()):
        if want.get(path) != got.get(path):
            raise Wrong(f"{what}: {path} should be {brief(want.get(path))}, is {brief(got.get(path))}")


def brief(e):
    return e if not isinstance(e, tuple) else (oct(e[0] | e[1]), *e[2:5], e[5][:60], e[6])


# --- the programs ---


def say(*words):
    history.append(" ".join(str(w) for w in words))


def mount(*words, status=0):
    say("pod-mount", *words)
    run = subprocess.run(["pod-mount", *words], capture_output=True)
    said = run.stderr.decode(errors="replace").strip()
    if said:
        say("    ", said[-2000:])
    if status is not None and run.returncode != status:
        raise Wrong(f"status {run.returncode}, not {status}: {run.stderr.decode(errors='replace')[-600:]}")
    return run


def in_pod(*words):
    script = 'dir=./$1; shift; exec nsenter --user="$0" --wd="$dir" setpriv --reuid=0 --regid=0 --clear-groups "$@"'
    return ["pod-mount", "enter", "-w", os.fsdecode(HOST), "web", "--", "sh", "-c", script, USERNS, os.fsdecode(HOST), *words]


def view():
    """What the pod sees, as a plain tree: copied out by tar."""
    shutil.rmtree(T + b"/seen", ignore_errors=True)
    os.mkdir(T + b"/seen")
    tar = subprocess.Popen(in_pod("tar", "-c", "--xattrs", "--xattrs-include=user.*", "--format=posix", "--numeric-owner", "."), stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x", "--xattrs", "--xattrs-include=user.*", "-p", "--numeric-owner", "-C", T + b"/seen"], stdin=tar.stdout, check=True)
    if tar.wait() != 0:
        raise Wrong("the pod cannot read its tree")
    return tree(T + b"/seen")


def listed():
    """What diff lists: by path its letter, whether it is in conflict, and whether it came where the pod deleted."""
    cwd = os.fsdecode(HOST)
    rows = mount("diff", "--cwd", cwd, "--json", "web").stdout.splitlines()
    paths = mount("diff", "--cwd", cwd, "-z", "web").stdout.split(b"\0")[:-1]
    if len(rows) != len(paths):
        raise Wrong("diff lists other paths with --json than with -z")
    letters = {"added": "A", "modified": "M", "deleted": "D", "type": "T"}
    found = {}
    for row, path in zip(rows, paths):
        kind = re.search(rb'"kind":"(\w+)"', row)[1].decode()
        conflict = re.search(rb'"marks":\[[^]]*"conflict"', row) and re.search(rb'"conflict":"(\w+)"', row)[1].decode()
        appeared = re.search(rb'"marks":\[[^]]*"appeared"', row) is not None
        found[path[len(HOST) + 1:]] = (letters.get(kind, kind), conflict, appeared)
    return found


def newest():
    return sorted(os.listdir(os.environ["ENVPOD_STATE_DIR"] + "/pods/web/undo"),
                  key=lambda n: [int(x) if x.isdigit() else x for x in re.split(r"(\d+)", n)])[-1]


# --- the case ---


class Case:
    def __init__(self, seed, trees):
        self.random = random.Random(seed)
        self.seed, self.trees = seed, trees
        self.runs = 0
        self.named = set()    # paths that operations of the pod named since the last whole commit
        self.hiding = set()   # directories that they removed, moved or made anew
        self.moved = set()    # directories that they moved, and where to
        self.fought = set()   # what is in conflict
        self.must = set()     # what both changed
        self.stays = set()    # what the human made where the pod had deleted: nobody touches that
        self.past = set()     # what the human worked on where the pod had changes, whatever became of it
        self.made = set()     # what the human made there
        self.linked = set()   # files of the host with other names, of which each commit changes what they share
        self.dirs = set()     # host directories in which the human made or removed something
        self.snap()

    def snap(self):
        self.host, self.model = tree(HOST), tree(MODEL)
        self.linked |= {p for p, e in self.host.items() if not is_dir(e) and os.lstat(HOST + b"/" + p).st_nlink > 1}
        self.diff = changes(self.host, self.model)
        self.fought &= self.diff.keys()
        self.must &= self.diff.keys()

    def unsure(self, path):
        """In the way of a conflict, or with it in something that changed as a whole."""
        for k in self.fought | self.stays:
            if below(k, path):
                return True
            if any(a in self.diff and below(path, a) for a in [k, *ancestors(k)]):
                return True
        return False

    # --- who works ---

    def run(self):
        self.runs += 1
        seed = str(self.seed * 100 + self.runs)
        names = [os.fsdecode(t) for t in self.trees]
        say("run", seed)
        subprocess.run(["ops", "-l", seed, "0", *names], cwd=MODEL, check=True)
        ours = subprocess.run(["ops", "-o", seed, "12", *names], cwd=MODEL, check=True, capture_output=True).stdout
        theirs = subprocess.run(in_pod("ops", "-o", seed, "12", *names), check=True, capture_output=True).stdout
        if ours != theirs:
            pairs = zip(ours.splitlines(), theirs.splitlines())
            raise Wrong(f"an operation ended otherwise: {next((a, b) for a, b in pairs if a != b)}")
        for line in ours.splitlines():
            top, _, _, op, *paths = line[:line.rindex(b":")].split(b" ")
            for p in paths:
                p = top + b"/" + re.sub(rb"\\x(..)", lambda m: bytes([int(m[1], 16)]), p)
                self.named.add(p)
                if op in (b"rmdir", b"mv", b"mvdir", b"swap", b"renew"):
                    self.hiding.add(p)
                if op == b"mvdir":
                    self.moved.add(p)
        self.snap()

    def quiet_files(self):
        """Files of the host that the pod has nothing to do with."""
        return [p for p, e in sorted(self.host.items())
                if e[0] == stat.S_IFREG and self.model.get(p) == e and p not in self.named
                and os.lstat(HOST + b"/" + p).st_nlink == 1 and not any(a in self.hiding for a in ancestors(p))]

    def quiet_dirs(self):
        return [p for p, e in sorted(self.host.items())
                if is_dir(e) and is_dir(self.model.get(p)) and not any(a in self.hiding for a in [p, *ancestors(p)])]

    def loud_paths(self):
        """What the pod changed, where the human still has the directory and nothing was moved."""
        return [p for p in sorted(self.diff)
                if not is_dir(self.host.get(p)) and not is_dir(self.model.get(p))
                and all(is_dir(self.host.get(a)) for a in ancestors(p))
                and (p not in self.host or os.lstat(HOST + b"/" + p).st_nlink == 1)
                and not any(a in self.moved for a in [p, *ancestors(p)])]

    def edit(self, path):
        """Somehow."""
        full = HOST + b"/" + path
        old = self.host.get(path)
        how = self.random.choice(["write", "replace", "delete", "chmod"])
        if old is None or old[0] != stat.S_IFREG:
            how = "replace"
        say("human", how, path)
        if how == "write":
            with open(full, "ab") as f:
                f.write(b"human %d\n" % len(history))
        elif how == "replace":
            with open(full + b"~human", "wb") as f:
                f.write(b"human %d\n" % len(history))
            os.rename(full + b"~human", full)
        elif how == "delete":
            os.unlink(full)
        else:
            os.chmod(full, old[1] ^ 0o011)
        if how in ("replace", "delete"):
            self.dirs.add(os.path.dirname(path))

    def human(self):
        for _ in range(self.random.randrange(1, 4)):
            files, dirs, loud = self.quiet_files(), self.quiet_dirs(), self.loud_paths()
            what = self.random.choice(["file", "new", "loud", "loud"])
            if what == "file" and files:
                path = self.random.choice(files)
            elif what == "new" and dirs:
                path = self.random.choice(dirs) + b"/of the human %d" % len(history)
            elif what == "loud" and loud:
                path = self.random.choice(loud)
                if path not in self.host:
                    self.made.add(path)
                self.edit(path)
                self.past.add(path)
                if path in self.made and not os.path.lexists(HOST + b"/" + path):
                    self.must.discard(path) # as the pod found it
                else:
                    self.fought.add(path)
                    self.must.add(path)
                self.snap()
                continue
            else:
                continue
            self.edit(path)
            copy(path, HOST, MODEL)
            self.snap()
        tick()

    def blocked(self):
        """Has the human something new in a directory that the pod replaced by something else?  That is never replaced."""
        return any(a in self.model and not is_dir(self.model[a]) for p in self.stays for a in ancestors(p))

    # --- what must hold ---

    def check(self, when):
        compare(f"{when}: the host", self.host, tree(HOST))
        compare(f"{when}: the pod's view", self.model, view())
        got = listed()
        compare(f"{when}: diff", self.diff, {p: k for p, (k, _, _) in got.items()})
        marked = {p for p, (_, c, _) in got.items() if c}
        self.stays = {p for p, (_, _, a) in got.items() if a}
        for p in sorted(self.must - marked - self.stays):
            raise Wrong(f"{when}: no conflict at {p}")
        # Of a directory in which the human made or removed something it cannot be told what else it is that
        # changed, nor whether a file that the pod moved there was deleted.
        for p in sorted(marked - self.fought):
            near = self.diff[p] == "A" and os.path.dirname(p) in self.dirs and not is_dir(self.model[p])
            if not near and not self.unsure(p) and p not in self.dirs | self.linked | self.past:
                raise Wrong(f"{when}: a conflict ({got[p]}) at {p}, which the human did not touch")
        self.fought = marked

    def refused(self, *words):
        mount("commit", "--sensitive", "--cwd", os.fsdecode(HOST), *words, status=3)
        compare("a commit that was refused: the host", self.host, tree(HOST))

    def whole(self, *words):
        """All of it becomes the host's, but for what stays."""
        staying = {a for p in self.stays for a in [p, *ancestors(p)]}
        mount("commit", "--sensitive", "--cwd", os.fsdecode(HOST), *words, "web")
        want = {p: self.host[p] if p not in self.model or p in self.stays else self.model[p] for p in self.model.keys() | staying}
        now = tree(HOST)
        for p in self.past & self.stays: # both: saved under another inode, and deleted by the pod
            if now.get(p) == self.model.get(p):
                want.pop(p, None)
        compare("after the commit: the host", want, now)
        seen = view() if staying else {}
        for p in sorted(staying):
            if seen.get(p) == now.get(p): # a file that was deleted by itself stays deleted for the pod
                copy(p, HOST, MODEL)
        self.fought, self.must, self.past, self.named, self.hiding, self.moved = (set() for _ in range(6))
        self.snap()

    def conflicts(self):
        """Decided in one of four ways."""
        how = "refuse" if self.blocked() else self.random.choice(["refuse", "partial", "theirs", "ours"])
        if how == "refuse":
            self.refused("web")
        elif how == "theirs":
            self.whole("--theirs")
        else:
            self.most(how)

    def most(self, how):
        status = 3 if how == "partial" else 0
        mount("commit", "--sensitive", "--cwd", os.fsdecode(HOST), "--" + how, "web", status=status)
        now = tree(HOST)
        for p in sorted(self.host.keys() | self.model.keys()):
            want = [self.host.get(p)]
            if p not in self.fought | self.stays and p in self.diff:
                want = [self.model.get(p)] + (want if self.unsure(p) else [])
            if now.get(p) not in want:
                raise Wrong(f"--{how}: {p} is {brief(now.get(p))}, not {[brief(w) for w in want]}")
        self.adopt(how, now)
        self.snap()

    def adopt(self, how, now):
        """What the pod sees then: of what was decided for the host, that; where it is unsure, either."""
        seen = view()
        for p in sorted(seen.keys() | now.keys()):
            want = [now.get(p) if p in self.stays or how == "ours" and p in self.fought else self.model.get(p)]
            if self.unsure(p):
                want += [now.get(p), self.model.get(p)]
            if seen.get(p) not in want:
                raise Wrong(f"--{how}: the pod sees {p} as {brief(seen.get(p))}, not {[brief(w) for w in want]}")
        if how == "ours":
            self.fought, self.must = set(), set()
        for p in sorted(seen.keys() | self.model.keys()):
            if seen.get(p) != entry(MODEL + b"/" + p):
                copy(p, T + b"/seen", MODEL)

    # --- some of it ---

    def some(self, plain):
        """Random changes, named; what that means: with all below them.  plain: none in something that changed as a whole."""
        paths = [p for p in sorted(self.diff) if not re.search(rb"[*?\[\\]", p)
                 and not (plain and any(self.diff.get(a) in ("T", "D") for a in ancestors(p)))]
        if not paths:
            return [], set()
        named = self.random.sample(paths, min(len(paths), self.random.randrange(1, 5)))
        return named, {p for p in self.diff for n in named if below(p, n)}

    def commit_some(self):
        named, meant = self.some(False)
        for p in sorted(meant):
            meant |= {a for a in ancestors(p) if p in self.model and self.diff.get(a) in ("A", "T")}
        paths = [HOST + b"/" + n for n in named]
        say("commit some", {n: {p: self.diff[p] for p in meant if below(p, n)} for n in named})
        if not named:
            return
        if meant & self.fought:
            self.refused("web", *paths)
            return
        if any(self.unsure(p) for p in meant | self.stays & meant):
            return
        mount("commit", "--sensitive", "--cwd", os.fsdecode(HOST), "web", *paths)
        want = {p: e for p in self.host.keys() | self.model.keys()
                if (e := (self.model if p in meant else self.host).get(p)) is not None}
        compare("after a commit of some: the host", want, tree(HOST))
        self.snap()

    def rollback_some(self):
        named, meant = self.some(True)
        if not named or any(self.unsure(p) and p not in self.fought for p in meant):
            return
        say("rollback some", {n: {p: self.diff[p] for p in meant if below(p, n)} for n in named})
        mount("rollback", "--cwd", os.fsdecode(HOST), "web", *[HOST + b"/" + n for n in named])
        for p in sorted(meant):
            copy(p, HOST, MODEL)
        self.fought -= meant
        self.must -= meant
        self.snap()

    # --- undo ---

    def undo(self):
        """A commit of everything, which the human has part in, taken back."""
        before = tree(HOST)
        done = self.diff
        if self.fought or self.stays or not done:
            return
        keep = T + b"/kept"
        shutil.rmtree(keep, ignore_errors=True)
        subprocess.run(["cp", "-a", MODEL, keep], check=True)
        named, hiding, moved = self.named, self.hiding, self.moved
        self.whole()
        after, cwd = self.host, os.fsdecode(HOST)
        path = None
        files = [p for p in sorted(done) if p in after and after[p][0] == stat.S_IFREG]
        if files and self.random.random() < 0.6:
            path = self.random.choice(files)
            self.edit(path)
            after = tree(HOST)
            mount("undo", "--cwd", cwd, "web", newest(), status=3)
            compare("an undo that was refused: the host", after, tree(HOST))
            mount("undo", "--cwd", cwd, "--force", "web", newest())
            compare("undone by force: the host", before, tree(HOST))
            mount("undo", "--cwd", cwd, "web", newest())
            compare("undone and that undone: the host", after, tree(HOST))
            mount("undo", "--cwd", cwd, "web", newest())
        else:
            mount("undo", "--cwd", cwd, "web", newest())
        compare("undone: the host", before, tree(HOST))
        shutil.rmtree(MODEL)
        os.rename(keep, MODEL)
        # What the human made of the agent's is what was taken back last.
        seen = view() if path else {}
        if path and seen.get(path) == after.get(path):
            copy(path, T + b"/seen", MODEL)
        self.named, self.hiding = named | done.keys(), hiding | {p for p in done if done[p] != "M"}
        self.moved = moved
        self.snap()

    def play(self, steps):
        for _ in range(steps):
            self.run()
            if self.random.random() < 0.7:
                self.human()
            self.check("after a run and the human")
            if self.fought and self.random.random() < 0.6:
                self.conflicts()
                self.check("after deciding the conflicts")
            deed = self.random.choice([self.commit_some, self.commit_some, self.rollback_some, self.undo, lambda: None])
            deed()
            self.check("after " + deed.__name__)


def tick():
    """Until the filesystem's clock has gone on: what happens in one tick happens at once."""
    mark = T + b"/tick"
    open(mark, "w").close()
    start = os.stat(mark).st_ctime_ns
    while os.stat(mark).st_ctime_ns <= start:
        os.utime(mark)


def main():
    case = Case(int(sys.argv[1]), [os.fsencode(a) for a in sys.argv[3:]])
    try:
        case.play(int(sys.argv[2]))
    except Wrong as e:
        print("\n".join(history[-40:]), file=sys.stderr)
        print(f"wrong: {e}", file=sys.stderr)
        return 1
    return 0


sys.exit(main())
