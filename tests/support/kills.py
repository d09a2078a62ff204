"""Kill a command at every change of a name and at random moments, and see what its place holds then."""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
import signal
import sys
import time
from unittest import mock

from analysis import placing

CHANGES = ("replace", "rename", "link", "mkdir", "rmdir", "unlink")
SEED, MOMENTS = 20240601, 20


class Deadly:
    """Counts changes of names, and kills the process before and after the n-th."""

    def __init__(self, at: int):
        self.at, self.count = at, 0

    def step(self):
        self.count += 1
        if self.count == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def wrap(self, real):
        def call(*arguments, **named):
            self.step()
            result = real(*arguments, **named)
            self.step()
            return result

        return call

    def arm(self):
        for name in CHANGES:
            setattr(os, name, self.wrap(getattr(os, name)))
        placing.exchange = self.wrap(placing.exchange)


def run_and_kill(act, *, at=0, after=None):
    """Run `act` in a fork; return how it ended and how many changes it made."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: SIM115
        deadly = Deadly(at)
        deadly.arm()
        try:
            act()
            os.write(writing, str(deadly.count).encode())
        finally:
            os._exit(0)
    os.close(writing)
    if after is not None:
        time.sleep(after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    said = os.read(reading, 20)
    os.close(reading)
    return ("killed" if os.WIFSIGNALED(status) else "ended"), int(said or 0)


def content(place):
    """Return the files of a place by digest; what an interrupted run left unfinished is not its content."""
    return {
        str(path.relative_to(place)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(place.rglob("*"))
        if path.is_file() and not path.name.endswith(".part")
    }


@mock.patch.object(os, "fsync", lambda handle: None)  # slow, and no kill of a process can tell
def check_every_kill(start, act, place, *, allowed=None, least=4, moments=MOMENTS):
    """Kill `act` everywhere; the place holds the old content or the new, and a further run makes the new.

    `start` is called once; before each kill the folder of `place` is put back as it left it. Where two kills
    leave the same files, hidden ones too, one further run speaks for both. `allowed` may admit further
    content, given what was found, the old and the new; `least` is the number of changes of names that a whole
    run makes at least. Returns how many kills there were.
    """
    start()
    old, again = content(place) if place.exists() else {}, kept(place.parent)
    begun = time.monotonic()
    _, changes = run_and_kill(act)
    whole = time.monotonic() - begun
    new = content(place)
    assert new and changes > least
    rng = random.Random(SEED)
    kills = [{"at": at} for at in range(1, changes + 1)]
    kills += [{"after": rng.uniform(0, whole)} for _ in range(moments)]
    seen, mended = set(), set()
    for kill in kills:
        again()
        ended, _ = run_and_kill(act, **kill)
        found = content(place) if place.exists() else {}
        assert found in (old, new) or (allowed and allowed(found, old, new)), kill
        seen.add((ended, found == new))
        if (left := state(place.parent)) in mended:
            continue
        act()
        assert content(place) == new, kill
        leftovers = [p.name for p in place.parent.iterdir() if p.name.startswith((".making", ".ingesting"))]
        assert not leftovers, kill
        mended.add(left)
    assert ("killed", False) in seen and ("killed", True) in seen
    return len(kills)


def kept(folder):
    """Keep a copy of a folder beside it, and return what puts it back."""
    aside = folder.with_name(f"{folder.name}.kept")
    shutil.copytree(folder, aside)

    def again():
        shutil.rmtree(folder)
        shutil.copytree(aside, folder)

    return again


def state(folder):
    """Return all that is in a folder: names, those made at random without their end, and digests of files."""
    found = set()
    for path in folder.rglob("*"):
        name = re.sub(r"(^|/)(\.[^/]*-)\w{8}(?=/|$)", r"\1\2*", str(path.relative_to(folder)))
        found.add((name, hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""))
    return frozenset(found)


def reset(place):
    def start():
        for each in [place, *place.parent.glob(".making*"), *place.parent.glob(".ingesting*")]:
            placing.shutil.rmtree(each, ignore_errors=True)

    return start


def either(found, old, new):
    """Return whether every file is whole and of one run or the other: for places whose files are each their own."""
    names = {name for name in found if not name.startswith(".")}
    return names == {*old, *new} & names and all(
        found[name] in (old.get(name), new.get(name)) for name in names
    )
