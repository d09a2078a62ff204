"""Kill a command at every change of a name and at random moments, and see what its place holds then."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import sys
import time

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


def check_every_kill(start, act, place, *, allowed=None, least=4, moments=MOMENTS):
    """Kill `act` everywhere; the place holds the old content or the new, and a further run makes the new.

    `allowed` may admit further content, given what was found, the old and the new; `least` is the number of
    changes of names that a whole run makes at least. Returns how many kills there were.
    """
    start()
    old = content(place) if place.exists() else {}
    begun = time.monotonic()
    _, changes = run_and_kill(act)
    whole = time.monotonic() - begun
    new = content(place)
    assert new and changes > least
    rng = random.Random(SEED)
    kills = [{"at": at} for at in range(1, changes + 1)]
    kills += [{"after": rng.uniform(0, whole)} for _ in range(moments)]
    seen = set()
    for kill in kills:
        start()
        ended, _ = run_and_kill(act, **kill)
        found = content(place) if place.exists() else {}
        assert found in (old, new) or (allowed and allowed(found, old, new)), kill
        seen.add((ended, found == new))
        act()
        assert content(place) == new, kill
        leftovers = [p.name for p in place.parent.iterdir() if p.name.startswith((".making", ".ingesting"))]
        assert not leftovers, kill
    assert ("killed", False) in seen and ("killed", True) in seen
    return len(kills)


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
