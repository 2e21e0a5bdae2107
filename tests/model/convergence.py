#!/usr/bin/env python3
"""The convergence rules, runnable: two tables, an application writing to each, two links and a rechecker.

It knows nothing of SQL or networks: only what each side's rows hold, who wrote them, and in which order commits become
visible, batches are applied and keys are read again. A random schedule runs until everybody is idle; then it is judged.

The rules:

1. A row last written by the application is an ORIGINAL and has the stamp of its commit; one written by pgtandem is a
   COPY. The server tells which, and when, but only as a HINT: the stamp may be forgotten, and the row's id may have
   been given to another transaction, ours or a stranger's. What a batch wrote itself is a copy to the rest of the
   batch. EVIDENCE is what the streams delivered; it is kept with the keys that are put up. (With a version column the
   stamp is in the row and no hint. A copy may be forgotten, and look like an original of its version, only when
   nothing is under way for its key: no record, no change that is still to come.)
2. An incoming change meets a row. It overwrites a copy, and an original whose hint is earlier than its own commit; a
   tie goes to the new side. An original that is later by its hint, or whose stamp is not known, is judged by rule 8.
   Columns that the change does not carry keep what is there, and so do those that map back to what it does.
3. An update of a row that is missing writes nothing. A key change removes the old key, contest or not, and writes the
   new one, unless a value is missing. A row whose unique value is taken is PARKED instead. A row is only called
   missing by a read that sees all of the target's log that the other link has applied: the change may follow from it.
4. Every change that met an original, found nothing to change, or wrote nothing because the row said the same already,
   every delete and every key change puts its keys up for RECHECK, in the transaction that applies the batch. A batch
   reads its rows first; if one that it is going to write has changed since, it is read and decided again. What it
   decides not to write is not protected.
5. A round of rechecks collects records; takes a mark on each side, the end of the log first, then the transactions
   that are not visible yet; waits until the links have passed the marks and those transactions are visible; then reads
   each key on both sides, at two moments, and its evidence after the rows. Equal rows close the key. The same pair of
   row versions, seen different in two rounds, is mended by rule 9. The overwritten row must still be the version that
   was read. A mend is recorded like an arrival, and closes nothing. One that runs into a unique value parks the key,
   and is tried again.
6. A removal that found nothing, or was left undecided, and is the latest change of its key, is carried out by the
   recheck on its target, though the rows be equal, if the row there is vouched for and earlier. If one that was left
   undecided meets a row that is not vouched for, the key stays open.
7. After a crash a link starts when what pgtandem had committed is visible, and the keys that are open have been read.

Evidence:

8. A change arrives and the row is later by its hint, or of unknown stamp. The first that applies:
   a. the row's id was given before the link's base, below: it is overwritten, whatever the hint;
   b. the row has the id that a record of this link notes as its own writing, on this side: it is a copy;
   c. it is vouched for as the other side's last change (rule 10): the later one of the two stays;
   d. else it is UNDECIDED: nothing is written, no conflict is recorded yet, and the key is put up.
   The base: while nothing was on its way through the link, the oldest id in use on the target was noted. Ids below it
   are of rows that were there before any change that is still to come was committed, so they cannot have crossed it.
   When as many ids have been given since as there are, that is, when ids may have come round (2^31 at most), the link
   takes no row's word: every hint is unknown and there is no base, until it has been at the end of its log again.
9. A recheck has two rows that differ. Of each side the last change on record counts, and of these the latest: one that
   was committed on top of what the other's link had written follows it, else the stamps tell, in a tie the new side's.
   a. nothing is on record (a verify put the key up): nothing is done. Hints alone may both be wrong: a corrupt copy
      shows as an original, and its original as a copy. A person says which side is right;
   b. the latest is a removal, and one side has a row: it is removed; both have one: as in d, e, f;
   c. one side has a row: if it is vouched for it is copied. If not, and its own side's last change removed it, it is a
      copy that nobody knows, and goes. Else nothing is done;
   d. both rows are vouched for: the later one goes over, and an original over its own copy;
   e. one is vouched for: it goes over if it is the original of the latest change. If it is a copy by rule 8b, and the
      latest change is of the other side, the other row goes over it;
   f. else nothing is done. The key stays open and is listed. Any write to it, or a person, decides it.
   So a row is removed only on a removal that came through a stream, and no application's row is overwritten by one
   that is not vouched for.
10. A row is VOUCHED for as a copy if its id is the one that a record of this key and side notes as written; it then
   counts as the last such change. It is vouched for as an original, of its side's last change on record if that is no
   removal, by any of: the id is that of the change's transaction; the hint is an original and its stamp is the
   change's; its id and stamp were noted (rule 12) and the stamp is the change's. (Behind a savepoint the id is
   another; the stamp is not. With a version column, the version is the change's, be the row an original or a copy.)
11. A key is open while a record of it is. A change that arrives at an open key leaves its evidence, whatever it does
   there; so do all changes that a batch has for a key that it puts up. The process knows a key as open from before the
   commit of what puts it up. Records of mere evidence keep no key open. Closing takes all records of a key, or none:
   not while there is one, visible or not, that was not collected and keeps it open.
12. A record holds the change's side, place in the log, removal or not, stamp and transaction id; the id of the row
   that says now what the change says (the batch's own, or that of a copy or original which a complete change found
   equal); whether it found nothing; whether it is undecided; the end of the target's log when it was applied; and the
   id and stamp of the original that it met, if the server knew. The first look of a recheck adds id and stamp of
   originals that it can vouch for: they may be forgotten before the second.
13. An undecided change becomes a conflict when its key is closed, or its evidence goes, if a change of the other side
   that beats it is on record. What is put up, undecided and never contested leaves none.

    convergence.py [--runs N] [--seed S] [--writes W] [--mode MODE] [--trace] [--judge WHAT]... [--without RULE]...
"""
import argparse
import random
from collections import Counter

COLS = ("name", "bio", "mail")
UNKNOWN = -1                                             # a stamp older than all others
ALWAYS = 1 << 30                                         # a stamp later than all others
RULES = {
    "later": "2: the later commit wins",
    "recheck": "4: nothing is put up",
    "deletes": "4: every delete is put up",
    "keys": "4: every key change is put up",
    "own": "1: what the batch wrote is a copy to the rest of it",
    "reread": "4: a batch whose rows have changed is decided again",
    "barrier": "5: the links pass the marks",
    "visible": "5: what was not visible at the mark becomes so",
    "order": "5: the end of the log is taken before the transactions",
    "twice": "5: seen different in two rounds",
    "guard": "5: the overwritten row is still what was read",
    "again": "5: a mend does not close the record",
    "correct": "2: columns that map back are left alone",
    "park": "3: a change whose unique value is taken is recorded",
    "late": "6: what a delete that found nothing should have removed is removed",
    "alone": "7: a link starts when what it committed before a crash is visible",
    "sure": "3: a row is only missing when all that the other link has applied is visible",
    "settled": "1: own writes are known while anything is under way for their key",
    "blocked": "5: a blocked mend parks its key",
    "proof": "8: a row is later only if the stream says so",
    "unknown": "8: a row without a commit time is not earlier",
    "open": "11: arrivals at keys that are open add their evidence",
    "heard": "11: a key is open before the commit that puts it up",
    "load": "7: after a crash open keys are read before anything is applied",
    "met": "12: what a change met is noted with it",
    "keep": "12: what a recheck saw is noted",
    "wrote": "10: what pgtandem wrote at an open key is known by its id",
    "undone": "6: a removal that was left undecided is carried out when the row turns out to be earlier",
    "unwritten": "4: a change that says what is there already puts its key up",
    "yields": "9e: a copy of ours yields to a row of the side that had the latest change",
    "emptied": "9c: a row alone, whose own side's last change removed it, is a copy and goes",
    "asked": "9a: what no stream tells of is left as it is",
    "same": "12: a row that says what the change says is the change's",
    "whole": "11: the evidence of a key goes as a whole",
    "xid": "10: a row is known by its transaction's id",
    "time": "10: a row is known by its commit time",
    "follows": "9: a commit on top of a link's row is later than it",
    "window": "8: a link that stood still while all ids came round takes no row's word",
}
MODES = ("stamps", "adrift", "ancient", "unique", "version", "delete-wins", "clocks")


# the mapping: one old name, two new ones; white space is lost one way, the split the other

def split(name):
    words = name.split()
    return " ".join(words[:-1]), words[-1]


def join(pair):
    return " ".join(part for part in pair if part)


def convert(column, value, side):
    """the value as `side` would hold it, coming from the other one"""
    if column != "name":
        return value
    return split(value) if side.label == "new" else join(value)


def agree(old, new):
    return old is new is None or old is not None and new is not None and all(
        split(o) == n or join(n) == o if c == "name" else o == n
        for c, o, n in ((c, old.values[c], new.values[c]) for c in COLS))


class Row:
    """`copy` and `stamp` are what the server says of the last writer; `ours` and `time` are the truth, for the judge"""
    count = 0

    def __init__(self, values, stamp, copy):
        Row.count += 1
        self.values, self.version, self.xid, self.txn = values, Row.count, None, None
        self.number = Row.count                          # its id's place among those that were given
        self.stamp, self.copy, self.time, self.ours, self.harmed = stamp, copy, stamp, copy, False
        self.noted = False                               # its stamp is on record, or should be, for the judge

    def __repr__(self):
        values = " / ".join(map(str, self.values.values()))
        truth = f" (in truth {'copy ' if self.ours else ''}@{self.time})" if self.harmed else ""
        return f"v{self.version} {values} {'copy' if self.copy else f'@{self.stamp}'}{truth}"


def version(row):
    return row and row.version


class Proof:
    """what the stream said of a change, under one of its keys"""
    def __init__(self, txn, place, change, key):
        self.side, self.order, self.xid, self.stamp = txn.side, (txn.index, place), txn.number, change.stamp
        self.removes = change.op == "delete" or key == change.was

    def __repr__(self):
        return f"{'removal' if self.removes else 'row'} T{self.xid}@{self.stamp} of {self.side}"


class Change:
    def __init__(self, op, key, image=None, was=None, named=False):
        self.named, self.same = named, False             # it set the name anew; it had nothing to write
        self.op, self.key, self.image, self.was, self.stamp = op, key, image, was, None

    @property
    def keys(self):
        return [self.key] if self.was is None else [self.was, self.key]

    def __repr__(self):
        was = f" was {self.was}" if self.was is not None else ""
        return f"{self.op} {self.key} {self.image or ''}@{self.stamp}{was}"


class Txn:
    """a commit: its rows are locked, and readers see what was there before, until it is visible"""
    count = 0

    def __init__(self, side, rows, changes=()):
        Txn.count += 1
        self.number, self.side, self.keys, self.changes, self.visible = Txn.count, side, set(rows), changes, False
        self.index = self.delivered = None               # in the log; how far the other side's log had come here
        self.moment = Row.count

    def removes(self, key):
        return any(c.op == "delete" and c.key == key or c.was == key for c in self.changes)

    def __repr__(self):
        return f"T{self.number}"


class Side:
    def __init__(self, label, unique):
        self.label, self.unique, self.log = label, unique, []
        self.rows, self.seen = {}, {}                    # as writers find them, as readers do
        self.locks, self.hidden = {}, []                 # by what is not visible yet

    def commit(self, rows, changes=()):
        txn = Txn(self, rows, changes)
        for key, row in rows.items():
            put(self.rows, key, row)
            self.locks[key] = txn
        self.hidden.append(txn)
        return txn

    def show(self, txn):
        self.hidden.remove(txn)
        txn.visible = True
        for key in txn.keys:
            put(self.seen, key, self.rows.get(key))
            del self.locks[key]

    def holder(self, key, values, work=None):
        """the other key that has the unique value, if any"""
        rows = {**self.rows, **(work or {})} if self.unique else {}
        return next((k for k, r in rows.items() if k != key and r and r.values["mail"] == values["mail"]), None)

    def __repr__(self):
        return self.label


def put(rows, key, row):
    if row is None:
        rows.pop(key, None)
    else:
        rows[key] = row


class Record:
    """what is put up for recheck, or parked; durable with the transaction that wrote it"""
    def __init__(self, key, txn, proof=None, parked=False, wrote=None, missed=False, undecided=False, met=(),
                 holds=True):
        self.key, self.txn, self.proof, self.parked = key, txn, proof, parked
        self.wrote = wrote                               # the id of the row that says what the change says
        self.holds = holds                               # it keeps the key open; else it is evidence only
        self.missed = missed                             # a removal that found nothing
        self.undecided = undecided                       # whether the row that it left alone is later
        self.met = list(met)                             # (side, xid, stamp) of rows, noted while the server knew


class Evidence:
    """what is on record of a key, in both databases, as far as it can be read: for each side, its last change"""

    def __init__(self, model, key):
        self.on, self.model = model.on, model
        self.records = [r for r in model.records if r.key == key and r.txn.visible]
        self.last = {}
        for record in self.records:
            proof = record.proof
            if proof and (proof.side not in self.last or self.last[proof.side].order < proof.order):
                self.last[proof.side] = proof

    def latest(self):
        a, b = self.last.get(self.model.old), self.last.get(self.model.new)
        if not a or not b:
            return a or b
        return a if self.beats(a, b) else b

    def beats(self, a, b):
        if a.side is b.side:
            return a.order > b.order
        if self.on("follows") and self.follows(a, b) != self.follows(b, a):
            return self.follows(a, b)
        return self.model.later(a.stamp, a.side, b.stamp, b.side)

    def follows(self, a, b):
        """was a committed on top of what b's link had written?"""
        return any(r.proof is b and r.wrote == r.txn.number and r.txn.position <= a.order[0] for r in self.records)

    def copy_of(self, side, row):
        """the change whose row pgtandem wrote there, if it did"""
        own = [r.proof for r in self.records
               if r.wrote and r.proof and r.txn.side is side and row and r.wrote == row.xid and self.on("wrote")]
        return max(own, key=lambda p: p.order) if own else None

    def original(self, side, row):
        """the side's last change, if the row is its"""
        proof = self.last.get(side)
        if row is None or proof is None or proof.removes:
            return None
        same = self.on("xid") and row.xid == proof.xid or \
            self.on("time") and (not row.copy or self.model.versioned) and row.stamp == proof.stamp or \
            any(met == (side, row.xid, proof.stamp) for r in self.records for met in r.met)
        return proof if same else None

    def of(self, side, row):
        return self.copy_of(side, row) or self.original(side, row)


class Link:
    def __init__(self, label, source, target):
        self.label, self.source, self.target = label, source, target
        self.done = 0                                    # durable
        self.base, self.blind = 0, False                 # what was written below the base crosses nothing
        self.passed, self.waiting = 0, None              # as the process knows it
        self.forget()

    def forget(self, alone=True):
        self.batch = self.read = None
        if not (alone and self.waiting):
            self.passed, self.waiting = self.done, None

    def take(self, size):
        self.batch = self.source.log[self.done:self.done + size]
        self.look()

    def caught_up(self):
        """nothing is on its way: rows that are there cannot have crossed what is to come"""
        if self.done == len(self.source.log):
            self.base, self.blind = Row.count, False

    def look(self):
        keys = {k for t in self.batch for c in t.changes for k in c.keys}
        self.read = {k: self.target.seen.get(k) for k in keys}
        # has the other link applied what readers here do not see yet?
        self.unseen = any(t.index is not None and t.index < self.other.done for t in self.target.hidden)


class Batch:
    """decides the changes of a batch one after the other, from the rows that were read"""

    def __init__(self, model, link):
        self.on, self.policy, self.link, self.target, self.read = model.on, model, link, link.target, link.read
        self.work, self.written = dict(link.read), {}
        self.records, self.conflicts, self.missing = [], [], False
        for txn in link.batch:
            for place, change in enumerate(txn.changes):
                self.decide(txn, place, change)
        up = {r["key"] for r in self.records if r["holds"]}
        self.records = [r for r in self.records if r["key"] in up or model.is_open(r["key"])]

    def decide(self, txn, place, change):
        self.up, self.wrote, self.parked, self.missed, self.undecided, self.met = set(), {}, False, set(), set(), {}
        getattr(self, change.op)(change)
        for key in change.keys:
            self.record(key, Proof(txn, place, change, key), False)
        if self.parked and self.on("park"):
            self.record(change.key, Proof(txn, place, change, change.key), True)

    def record(self, key, proof, parked):
        self.records.append(dict(key=key, proof=proof, parked=parked, holds=key in self.up or parked,
                                 wrote=None if parked else self.wrote.get(key),
                                 missed=key in self.missed, undecided=key in self.undecided,
                                 met=[self.met[key]] if key in self.met else []))

    def noted(self):
        """what the records say of rows that were met"""
        for record in self.records:
            for *_, row in record["met"]:
                row.noted = row.noted or not row.harmed
            record["met"] = [m[:3] for m in record["met"] if self.on("met")]

    def row(self, key):
        return self.work[key] if self.on("own") else self.read[key]

    def hint(self, row):
        """is it a copy, and else its stamp, as the server says"""
        if row and self.link.blind and self.on("window") and not any(row is r for r in self.written.values()):
            return False, row.stamp if self.policy.versioned else UNKNOWN
        return (row.copy, row.stamp) if row else (False, UNKNOWN)

    def stays(self, change, key, row):
        """is the row left alone? "kept": it is later; "undecided": nobody knows"""
        copy, stamp = self.hint(row)
        if not row or copy or not self.on("later"):
            return None
        if stamp != UNKNOWN:
            self.met[key] = self.target, row.xid, stamp, row
        known = stamp != UNKNOWN or not self.on("unknown")
        if known and not self.policy.later(stamp, self.target, change.stamp, self.link.source):
            return None
        if self.policy.based and not self.link.blind and row.number <= self.link.base:
            return None                                  # it was written before the change, whatever the server says
        if self.policy.versioned or not self.on("proof"):
            return "kept"
        evidence = Evidence(self.policy, key)
        proof = evidence.of(self.target, row)
        if proof and evidence.copy_of(self.target, row):
            return None
        if proof:
            return "kept" if self.policy.later(proof.stamp, self.target, change.stamp, self.link.source) else None
        self.undecided.add(key)
        return "undecided"

    def set(self, key, row):
        self.work[key] = self.written[key] = row
        self.wrote[key] = "own"

    def conflict(self, key, kind, stays):
        if stays == "kept":
            self.conflicts.append((key, kind))

    def not_found(self, key, removal):
        self.up.add(key)
        self.missing = True
        self.conflicts.append((key, "missing"))
        if removal:
            self.missed.add(key)

    def delete(self, change):
        row = self.row(change.key)
        if self.on("deletes") or row is None or not self.hint(row)[0]:
            self.up.add(change.key)
        stays = self.stays(change, change.key, row)
        self.conflict(change.key, "kept", stays)
        if row is None:
            self.not_found(change.key, True)
        elif not stays:
            self.set(change.key, None)

    def insert(self, change):
        row = self.row(change.key)
        if row and not self.hint(row)[0]:
            self.up.add(change.key)
        stays = self.stays(change, change.key, row)
        self.conflict(change.key, "kept", stays)
        if not stays:
            self.write(change, row)

    def update(self, change):
        if self.row(change.key):
            self.insert(change)
        else:
            self.not_found(change.key, False)

    def rename(self, change):
        moved, row = self.row(change.was), self.row(change.key)
        if self.on("keys") or moved is None or not self.hint(moved)[0] or (row and not self.hint(row)[0]):
            self.up.update(change.keys)
        if moved is None:
            self.not_found(change.was, True)
        self.conflict(change.was, "removed", self.stays(change, change.was, moved))
        back = self.work[change.was], self.written.get(change.was, self)
        self.set(change.was, None)
        stays = self.stays(change, change.key, row)
        self.conflict(change.key, "kept", stays)
        if not stays and not self.write(change, row or moved, row):
            self.restore(change.was, *back)

    def restore(self, key, row, written):
        self.wrote.pop(key, None)
        self.work[key] = row
        if written is self:
            del self.written[key]
        else:
            self.written[key] = written

    def write(self, change, base, over=...):
        """false if it had to be parked"""
        over = base if over is ... else over
        values = self.policy.fit(self.target, base and base.values, change.image)
        if set(values) != set(COLS):
            return True                                  # a value is missing: the recheck brings the row
        if self.target.holder(change.key, values, self.work) is not None:
            self.parked = True
            return False
        if over and over.values == values and self.policy.lazy:
            change.same = True                           # what it says is there already
            if self.on("unwritten"):
                self.up.add(change.key)                  # unprotected: a commit may be hidden there
            if self.on("same") and set(change.image) == set(COLS):
                self.wrote[change.key] = over.xid or "own"
        else:
            self.set(change.key, Row(values, change.stamp, True))
        return True


class Rechecker:
    """rounds of rechecks; all of this is lost in a crash"""

    def __init__(self, model):
        self.model, self.sides = model, (model.old, model.new)
        self.sightings = {}
        self.reset()

    def reset(self):
        self.collected, self.ends, self.hidden, self.queue, self.rows, self.waiting = [], {}, {}, None, {}, None

    def moves(self):
        if self.waiting:
            return [self.settled] if self.waiting.visible else []
        if not self.collected:
            return [self.collect] if any(r.txn.visible for r in self.model.records) else []
        if self.queue is None:
            steps = list(self.marks())
            return steps or ([self.start] if self.reached() else [])
        return [lambda s=s: self.look(s) for s in self.sides if s not in self.rows] or [self.decide]

    def collect(self):
        visible = [r for r in self.model.records if r.txn.visible]
        self.collected = [r for r in visible if self.model.idle or self.model.rng.random() < 0.7] or visible

    def marks(self):
        first, second = (self.ends, self.hidden) if self.model.on("order") else (self.hidden, self.ends)
        for side in self.sides:
            if side not in first:
                yield lambda s=side: self.mark(s, first)
            elif side not in second:
                yield lambda s=side: self.mark(s, second)

    def mark(self, side, what):
        what[side] = len(side.log) if what is self.ends else list(side.hidden)

    def reached(self):
        passed = all(k.passed >= self.ends[k.source] for k in self.model.links) or not self.model.on("barrier")
        visible = all(t.visible for s in self.sides for t in self.hidden[s]) or not self.model.on("visible")
        return passed and visible

    def start(self):
        self.queue = sorted({r.key for r in self.collected})

    def look(self, side):
        self.rows[side] = side.seen.get(self.queue[0])

    def decide(self):
        key, (old, new) = self.queue[0], (self.rows[s] for s in self.sides)
        pair, evidence = (version(old), version(new)), Evidence(self.model, key)
        late = self.late(evidence)
        if agree(old, new) and not late:
            self.sightings.pop(key, None)
            self.close(key)
        elif self.sightings.get(key) == pair or not self.model.on("twice"):
            what = self.model.remedy(evidence, old, new) if late in (None, self) else (late, None, None)
            if what:
                self.sightings.pop(key, None)
                self.waiting = self.mend(key, *what)
                if not self.model.on("again"):
                    self.close(key)
            else:
                self.model.note(f"open {key}: {old} | {new}, {evidence.last}")
        else:
            self.model.note(f"seen {key}: {old} | {new}")
            self.sightings[key] = pair
            self.keep(evidence)
        if not self.waiting:
            self.settled()

    def keep(self, evidence):
        """what is known of the rows now is noted: the server may forget it"""
        for side, row in self.rows.items():
            if row and evidence.original(side, row):
                row.noted = True
            if self.model.on("keep") and row and evidence.original(side, row):
                evidence.records[0].met.append((side, row.xid, evidence.last[side].stamp))

    def settled(self):
        self.waiting, self.rows = None, {}
        self.queue.pop(0)
        if not self.queue:
            self.reset()
            self.model.quiet += 1

    def close(self, key):
        """all of it, or nothing: what is left would have to be decided without what is gone"""
        mine = [r for r in self.model.records if r.key == key]
        gone = [r for r in mine if r.txn.visible and (r in self.collected or not r.holds)]
        rest = [r for r in mine if r.holds and r not in gone]
        if rest and self.model.on("whole"):
            return
        self.model.note(f"closed {key}")
        for row in (s.rows.get(key) for s in self.sides):
            if row:
                row.noted = False
        for record in (r for r in gone if r.undecided and self.contested(r)):
            self.model.conflicts.append((key, "kept"))
        self.model.records = [r for r in self.model.records if r not in gone]

    def contested(self, record):
        """did what the change met turn out to be later?"""
        return any(self.model.later(r.proof.stamp, r.proof.side, record.proof.stamp, record.proof.side)
                   for r in self.model.records
                   if r.key == record.key and r.proof and r.proof.side is not record.proof.side)

    def late(self, evidence):
        """what became of a removal that found nothing, for the row was not visible yet, or was left undecided: the
        side that has the earlier row still; `self` where that cannot be told"""
        if self.model.mode == "delete-wins":
            return None
        latest = evidence.latest()
        for record in evidence.records:
            side, removal = record.txn.side, record.proof
            row = self.rows[side]
            if not row or not removal or removal is not latest or not removal.removes or not (
                    record.missed and self.model.on("late") or record.undecided and self.model.on("undone")):
                continue
            proof = evidence.of(side, row)
            if proof and proof is not removal and evidence.beats(removal, proof):
                return side
            if not proof and record.undecided:
                return self
        return None

    def mend(self, key, target, row, proof):
        """the transaction that wrote, or None"""
        read = self.rows[target]
        if key in target.locks or self.model.on("guard") and version(target.rows.get(key)) != version(read):
            return None
        if row and target.holder(key, row.values) is not None:
            self.model.note(f"mend of {key} on {target} is blocked")
            return self.park(key, target)
        self.model.note(f"mend {key} on {target}: {read} becomes {row}")
        txn = self.model.commit(target, {key: row})
        self.model.records.append(Record(key, txn, proof, wrote=proof and txn.number))
        return txn

    def park(self, key, target):
        if not self.model.on("blocked") or any(r.key == key and r.parked for r in self.model.records):
            return None
        txn = target.commit({})
        self.model.records.append(Record(key, txn, parked=True))
        return txn


class Model:
    def __init__(self, rng, mode, off=()):
        Row.count = Txn.count = 0
        self.rng, self.mode, self.off = rng, mode, set(off)
        self.versioned = mode in ("version", "delete-wins")
        self.few = rng.choice(("p", "pq", "pqr", "", ""))                 # few values: rows are often equal by chance
        self.lazy = not self.versioned and rng.random() < 0.5   # a write that changes nothing is left out
        self.hiding = rng.choice((0, 0.3, 0.7))          # how often a commit is not visible at once
        self.weights = {k: rng.choice((1, 1, 2, 5)) for k in ("take", "apply", "show")}
        self.weights.update(write=rng.choice((0.05, 0.2, 1, 2)), recheck=rng.choice((1, 2, 5, 20)))
        self.keys = (1, 2, 3)[:3 if mode == "unique" else rng.choice((1, 2, 3))]
        self.crashes, self.clock, self.quiet, self.idle, self.trace = rng.choice((0, 0, 2)), 0, 0, False, []
        self.old, self.new = Side("old", mode == "unique"), Side("new", mode == "unique")
        self.links = (Link("forward", self.old, self.new), Link("reverse", self.new, self.old))
        self.records, self.conflicts, self.parked, self.history = [], [], set(), []
        self.latest = {}                                 # key -> (stamp, side, row, txn); None: not judged
        self.lives = {}                                  # key -> the keys it was renamed from or to, itself too
        self.heard = set()                               # transactions whose records the process knows of
        self.doubted = set()                             # keys of changes that were left out, undecided
        self.unknown = set()                             # keys that stay open
        self.lost = None                                 # an application's row that was overwritten without a reason
        self.based = not self.versioned and rng.random() < 0.5
        self.drifted, self.corrupts = 0, rng.choice((0, 0, 1))
        self.drifts = mode == "adrift" or mode != "stamps" and rng.random() < 0.5
        self.paused, self.pauses, self.torn = None, rng.choice((0, 2)), set()
        self.stamps = {}                                 # (side, key) -> its last stamp there
        self.links[0].other, self.links[1].other = self.links[1], self.links[0]
        self.rechecker = Rechecker(self)
        self.begin()

    def on(self, rule):
        return rule not in self.off

    def note(self, text):
        self.trace.append(text)

    def begin(self):
        """what the copy left"""
        for key in self.keys:
            if self.rng.random() < 0.5:
                values = {"name": "a b c", "bio": "a", "mail": f"u{key}"}
                stamp, known = (UNKNOWN, False) if self.mode == "ancient" else (0, True)
                self.old.rows[key] = row = Row(values, stamp, False)
                self.latest[key] = stamp, self.old, row, None
                if self.drifts and self.rng.random() < 0.2:
                    self.torn.add(key)                   # it never came over
                    continue
                self.new.rows[key] = Row(self.fit(self.new, None, values), stamp, known)
                self.new.rows[key].ours = True
        for side in (self.old, self.new):
            side.seen = dict(side.rows)

    @staticmethod
    def later(a, a_side, b, b_side):
        return a > b if a != b else a_side.label == "new" and b_side.label != "new"

    def fit(self, side, there, image):
        """the incoming image as the row of a side, over what is there"""
        values = dict(there or {})
        for column, value in image.items():
            other = self.old if side.label == "new" else self.new
            kept = column in values and convert(column, values[column], other) == value and self.on("correct")
            values[column] = values[column] if kept else convert(column, value, side)
        return {c: values[c] for c in COLS if c in values}

    def commit(self, side, rows, changes=()):
        self.quiet = 0
        if not changes:
            self.watch(side, rows)
        txn = side.commit(rows, changes)
        txn.position = len(side.log)
        for row in filter(None, rows.values()):
            row.txn, row.xid = txn, txn.number
            if changes and self.rng.random() < 0.4:
                row.xid = -row.version                   # behind a savepoint: the stream does not tell this id
        if not changes:
            self.heard.add(txn)
        if changes:
            txn.index, txn.delivered = len(side.log), self.links[side is self.old].done
            side.log.append(txn)
        if self.rng.random() >= self.hiding:
            side.show(txn)
        return txn

    # the applications

    def write(self, side):
        before = dict(side.rows)
        work, changes, free = dict(before), [], [k for k in self.keys if k not in side.locks]
        for _ in range(self.rng.choice((1, 1, 1, 2, 3))):
            if free:
                self.edit(side, work, changes, self.rng.choice(free))
        if self.mode == "unique" and self.rng.random() < 0.3:
            self.swap(work, changes, [k for k in free if k in work])
        if not changes:
            return
        keys = {k for c in changes for k in c.keys}
        stamp = self.stamp(side, keys)
        for change in changes:
            change.stamp = ALWAYS if change.op == "delete" and self.mode == "delete-wins" else stamp
        rows = {k: work.get(k) for k in keys}
        for row in filter(None, rows.values()):
            row.stamp = row.time = stamp
        txn = self.commit(side, rows, changes)
        self.note(f"write {side} {txn}{'' if txn.visible else ' (hidden)'}: {changes}")
        self.history.append(txn)
        txn.stamp = stamp
        txn.same = {k for k, r in rows.items() if (r and r.values) == (before.get(k) and before[k].values)}
        txn.names = {c.key: rows[c.key] and rows[c.key].values["name"] for c in changes if c.named}
        self.remember(txn, rows, stamp)

    def stamp(self, side, keys):
        if self.mode == "clocks":
            return self.rng.randint(0, 9)
        self.clock += self.rng.choice((0, 1, 1, 2))      # two sides may commit at the same time,
        last = [self.stamps.get((side, k), 0) for k in keys]         # two commits of one row on one server may not
        if self.versioned:
            last += [r.stamp for r in (side.rows.get(k) for k in keys) if r]
        self.clock = max([self.clock] + [s + 1 for s in last])
        self.stamps.update({(side, k): self.clock for k in keys})
        return self.clock

    def edit(self, side, work, changes, key):
        row, dice = work.get(key), self.rng.random()
        if row is None:
            self.change(side, work, changes, "insert", key, {c: self.value(side, work, c) for c in COLS}, None)
        elif dice < 0.2:
            changes.append(Change("delete", key))
            del work[key]
        elif dice < 0.3 and key + 10 not in work and key + 10 not in side.locks:
            del work[key]
            values = dict(row.values, name=self.value(side, work, "name"))
            self.change(side, work, changes, "rename", key + 10, values, key)
        else:
            column = self.rng.choice(COLS)
            values = dict(row.values, **{column: self.value(side, work, column)})
            self.change(side, work, changes, "update", key, values, None, column)

    def change(self, side, work, changes, op, key, values, was, column=None):
        work[key] = Row(values, None, False)
        image = dict(values)
        if op != "insert" and column != "bio" and self.rng.random() < 0.5:
            del image["bio"]                             # large and unchanged: not in the log
        changes.append(Change(op, key, image, was, column in (None, "name")))

    def value(self, side, work, column):
        tag = self.rng.choice(self.few) if self.few else f"{side.label[0]}{Row.count}"
        if column == "mail":
            free = [f"u{n}" for n in range(1, 5) if all(r.values["mail"] != f"u{n}" for r in work.values())]
            if self.mode == "unique":
                return self.rng.choice(free) if free else f"m{side.label[0]}{Row.count}"
            return tag
        if column == "bio":
            return tag
        if side is self.old:
            return self.rng.choice((f"{tag} b c", f"{tag}  b c"))
        return self.rng.choice(((tag, "b c"), (f"{tag} b", "c")))

    def swap(self, work, changes, keys):
        if len(keys) < 2:
            return
        a, b = self.rng.sample(keys, 2)
        mails = work[b].values["mail"], work[a].values["mail"]
        for key, mail in (a, "between"), (b, mails[1]), (a, mails[0]):
            work[key] = Row(dict(work[key].values, mail=mail), None, False)
            changes.append(Change("update", key, dict(work[key].values)))

    def remember(self, txn, rows, stamp):
        for change in txn.changes:
            if change.op == "rename":
                together = self.lives.get(change.key, {change.key}) | self.lives.get(change.was, {change.was})
                self.lives.update({k: together for k in together})
                self.latest[change.key] = self.latest[change.was] = None
        for key, row in rows.items():
            known = self.latest.get(key, (UNKNOWN - 1,))
            if known is None or known[0] == stamp:
                self.latest[key] = None
            elif stamp > known[0]:
                self.latest[key] = stamp, txn.side, row, txn

    # the links

    def take(self, link):
        link.take(self.rng.choice((1, 1, 2, 4)))
        self.note(f"{link.label} reads for {link.batch}")

    def apply(self, link):
        batch, target = Batch(self, link), link.target
        if any(k in target.locks for k in batch.written):
            return                                       # it waits for the rows' writer
        if self.on("reread") and any(version(target.rows.get(k)) != version(link.read[k]) for k in batch.written):
            return link.look()
        if self.on("sure") and batch.missing and link.unseen:
            return link.look()
        txn = self.commit(target, batch.written)
        said = "parked", "wrote", "missed", "undecided"
        records = [" ".join([f"{r['key']}: {r['proof']}"] + [k for k in said if r[k]]) for r in batch.records]
        self.note(f"{link.label} applies {link.batch} as {txn}{'' if txn.visible else ' (hidden)'}: {batch.written}, "
                  f"conflicts {batch.conflicts} records {records}")
        batch.noted()
        for record in batch.records:
            record["wrote"] = txn.number if record["wrote"] == "own" else record["wrote"]
        self.records += [Record(txn=txn, **r) for r in batch.records if r["parked"] or self.on("recheck")]
        self.doubted.update(r["key"] for r in batch.records if r["undecided"])
        self.parked.update(r["key"] for r in batch.records if r["parked"])
        self.conflicts += batch.conflicts
        link.done += len(link.batch)
        for source in link.batch:
            source.arrived = len(target.log)
        link.batch, link.waiting = None, txn
        self.answer(link)

    @staticmethod
    def answer(link):
        """the commit has returned: only now does the process know"""
        if link.waiting.visible:
            link.passed, link.waiting = link.done, None

    # rechecks

    def remedy(self, evidence, old, new):
        """the side that has to change, its row then, and the change whose row it is; None: nobody knows"""
        latest = evidence.latest()
        if agree(old, new) or latest is None and self.on("asked"):
            return None
        if latest is None:
            return self.new, self.copied(self.new, old, new) if old else None, None
        if latest.removes and not (old and new):
            return (self.old if old else self.new), None, latest
        one, other = evidence.of(self.old, old), evidence.of(self.new, new)
        if not old or not new:
            here, known = (self.old, one) if old else (self.new, other)
            last = evidence.last.get(here)
            if not known and last and last.removes and self.on("emptied"):
                return here, None, last                  # its own application gave the key up: the row is a copy
            winner = here if known else None
        elif one and other:
            first = evidence.original(self.old, old) if one is other else evidence.beats(one, other)
            winner = self.old if first else self.new
        else:
            winner = self.half_known(evidence, latest, (self.old, old, one), (self.new, new, other))
        if winner is self.old:
            return self.new, self.copied(self.new, old, new), one or latest
        return winner and (self.old, self.copied(self.old, new, old), other or latest)

    def half_known(self, evidence, latest, one, other):
        """one row at most is vouched for: it wins as the latest change's own row, and yields if it is a copy of ours"""
        for (side, row, proof), (elsewhere, there, known) in (one, other), (other, one):
            if latest.side is side and (evidence.original(side, row) is latest and not evidence.copy_of(side, row) or
                                        self.on("yields") and not proof and evidence.copy_of(elsewhere, there)):
                return side
        return None

    def copied(self, target, source, over):
        return Row(self.fit(target, over and over.values, source.values), source.time, True)

    # a whole run

    def crash(self):
        self.note("crash")
        self.crashes, self.quiet = self.crashes - 1, 0
        for link in self.links:
            link.forget(self.on("alone"))
        self.rechecker.__init__(self)
        self.heard = set()

    def is_open(self, key):
        """as the process remembers it: from before the commit of what puts a key up; after a crash it reads first"""
        return self.on("open") and any(
            r.key == key and (r.txn.visible or r.txn in self.heard and self.on("heard")) for r in self.records)

    def settled(self, key):
        """nothing is under way for the key"""
        coming = any(key in t.keys for k in self.links for t in k.source.log[k.done:])
        return not (self.on("settled") and (coming or any(r.key == key for r in self.records)))

    def forget(self, row):
        """a copy that nobody remembers writing"""
        self.note(f"forgotten: {row}")
        row.copy, self.quiet = False, 0

    def lose(self, row):
        """its commit time is dropped"""
        row.copy, row.stamp, row.harmed, self.quiet = False, UNKNOWN, True, 0
        self.note(f"unknown now: {row}")

    def give(self, pair):
        """its id is given to another transaction: an application's, or one of ours"""
        side, row = pair
        row.copy, row.harmed, self.quiet = self.rng.random() < 0.4, True, 0
        row.number = self.rng.choice((row.number, Row.count))
        link = self.links[side is self.old]
        if any(t.moment < row.version for t in link.source.log[link.done:]):
            link.blind = True                            # so many ids were given while it stood still
        if not self.versioned:
            row.stamp = self.rng.choice((-5, 0, self.clock // 2, self.clock, self.clock + 10)) + 0.5
        self.note(f"a stranger's now: {row}")

    def may_be_given(self, side, row):
        """not while its own change is on its way: the slot holds the ids"""
        link = self.links[side is self.old]
        return row.ours or not row.txn or row.txn.index < link.other.done

    def corrupt(self, pair):
        """a copy changes behind everybody's back, and a verify puts it up"""
        side, key = pair
        row = side.rows[key]
        row.values = dict(row.values, bio=f"x{row.version}")
        Row.count += 1
        row.version = Row.count
        self.note(f"corrupt: {row}")
        self.records.append(Record(key, self.commit(side, {})))

    def pause(self, link):
        self.note(f"{link.label} stands still")
        self.paused, self.pauses = link, self.pauses - 1

    def resume(self, _=None):
        self.note("and goes on")
        self.paused = None

    @staticmethod
    def saw(txn, row):
        """was it committed after the row had come to its side?"""
        return row.txn is None or txn.delivered > row.txn.index

    @staticmethod
    def removed_at(txn, key):
        return max(c.stamp for c in txn.changes if key in c.keys)

    def watch(self, side, rows):
        """an application's row is overwritten only by a later commit of the other side"""
        other = self.new if side is self.old else self.old      # in a tie either may go
        for key, row in rows.items():
            gone = side.rows.get(key)
            if gone is None or gone.ours or key in self.lives or self.mode == "clocks":
                continue
            reason = row and row.time >= gone.time or any(
                key in t.keys and (self.saw(t, gone) or t.removes(key) and self.removed_at(t, key) >= gone.time)
                for t in other.log)
            if not reason:
                self.lost = self.lost or f"key {key} on {side}: {gone} became {row}"

    def busy(self, left):
        yield from (("write", self.write, s) for s in (self.old, self.new) if left[s])
        reading = self.on("load") and any(t.index is None and t not in self.heard
                                          for s in (self.old, self.new) for t in s.hidden)
        for link in self.links:
            if self.rng.random() < 0.3:
                link.caught_up()
            if link.waiting:
                if link.waiting.visible:
                    yield "apply", self.answer, link
            elif link is self.paused:
                continue
            elif link.batch:
                yield "apply", self.apply, link
            elif link.done < len(link.source.log) and not reading:
                yield "take", self.take, link
        yield from (("show", s.show, t) for s in (self.old, self.new) for t in s.hidden)

    def others(self):
        yield from (("recheck", lambda _, m=m: m(), None) for m in self.rechecker.moves())

    def accidents(self):
        if self.crashes and self.rng.random() < 0.05:
            yield "crash", lambda _: self.crash(), None
        if self.versioned:
            copies = [r for s in (self.old, self.new) for k, r in s.rows.items() if r.copy and self.settled(k)]
            if copies and self.rng.random() < 0.2:
                yield "forget", self.forget, self.rng.choice(copies)
        if self.pauses and not self.paused and self.rng.random() < 0.1:
            yield "pause", self.pause, self.rng.choice(self.links)
        if self.drifts and self.rng.random() < 0.2:
            yield from self.drift()

    def drift(self):
        rows = [(s, k, r) for s in (self.old, self.new) for k, r in s.rows.items()]
        if not rows or self.drifted > 20:
            return
        side, key, row = self.rng.choice(rows)
        self.drifted += 1
        if not self.versioned:
            yield "drift", self.lose, row
        if self.may_be_given(side, row):
            yield "drift", self.give, (side, row)
        other = (self.new if side is self.old else self.old).rows.get(key)
        if self.corrupts and not self.versioned and row.ours and other and not other.ours and key not in side.locks:
            self.corrupts -= 1
            yield "drift", self.corrupt, (side, key)

    def run(self, writes):
        left = {self.old: writes, self.new: writes}
        for _ in range(40000):
            busy, others = list(self.busy(left)), list(self.others())
            if self.paused and (not busy or self.rng.random() < 0.02):
                self.resume()
                continue
            self.idle = not busy
            if self.idle and (not others or self.quiet > 4):
                return self.verdict()
            moves = busy + others + list(self.accidents())
            kind, act, what = self.rng.choices(moves, [self.weights.get(m[0], 1) for m in moves])[0]
            if kind == "write":
                left[what] -= 1
            act(what)
        return {"idle": "never idle"}

    # the judge

    def verdict(self):
        found = {}
        for name in JUDGES:
            why = next(getattr(self, name)(), None)
            if why:
                found[name] = why
        return found

    def pairs(self):
        return {k: (self.old.rows.get(k), self.new.rows.get(k)) for k in {*self.old.rows, *self.new.rows}}

    def excused(self, key, old, new):
        """a unique value is in the way"""
        what = self.remedy(Evidence(self, key), old, new)
        open_ = any(r.key == key and r.parked for r in self.records)
        return open_ and what and what[1] and what[0].holder(key, what[1].values) is not None

    def unknowable(self, key, old, new):
        """the key is open, rightly: nobody can know which row it is that the latest commit left"""
        known, evidence = self.latest.get(key), Evidence(self, key)
        row = known and self.mode != "clocks" and evidence.last and known[2]
        if row and row.txn:
            missing = row.harmed and not row.noted and row.xid != row.txn.number
        else:
            missing = not evidence.last or any(r and r.harmed for r in (old, new))
        if any(r.key == key for r in self.records) and missing and not self.remedy(evidence, old, new):
            self.unknown.add(key)
            return True
        return False

    def agreement(self):
        for key, (old, new) in self.pairs().items():
            touched = any(key in t.keys for t in self.history) or key not in self.torn
            if touched and not agree(old, new) and not self.excused(key, old, new) \
                    and not self.unknowable(key, old, new):
                yield f"key {key} differs: {old} | {new}"

    def overwritten(self):
        if self.lost:
            yield self.lost

    def ordered(self, key):
        """the stamps tell which of the key's commits is the latest"""
        deleted = any(c.op == "delete" and c.key == key for t in self.history for c in t.changes)
        return self.mode != "clocks" and not (self.mode == "delete-wins" and deleted)

    def judged(self, key):
        return self.ordered(key) and key not in self.parked

    def latest_wins(self):
        for key, known in self.latest.items():
            if known and self.judged(key):
                stamp, side, row, _ = known
                here = side.rows.get(key)
                if row is None and key in self.doubted and any(r.key == key for r in self.records):
                    self.unknown.add(key)                # a removal that is left undecided
                elif (here and here.values) != (row and row.values):
                    yield f"key {key} holds {here} on {side}, but its latest commit left {row}@{stamp}"

    def writers(self, key):
        """the applications' commits that wrote the key or what it was renamed from or to"""
        life = self.lives.get(key, {key})
        return [t for t in self.history if t.keys & life]

    def sound(self):
        for key, kind in self.conflicts:
            life = self.lives.get(key, {key})
            alone = len({t.side for t in self.writers(key)}) == 1
            if alone and self.mode != "clocks" and not life & (self.parked | self.torn):
                yield f"key {key} has a conflict ({kind}), but only one side wrote it"

    @staticmethod
    def concurrent(a, b):
        return a.side is not b.side and a.index >= b.delivered and b.index >= a.delivered

    def complete(self):
        pending = {r.key for r in self.records if r.undecided}
        known = {c[0] for c in self.conflicts} | self.parked | pending
        recorded = {k for key in known for k in self.lives.get(key, {key})}
        for i, a in enumerate(self.history):
            for b in self.history[i + 1:]:
                for key in a.keys & b.keys - recorded if self.concurrent(a, b) else ():
                    tied = a.stamp == b.stamp and (self.drifts or self.based)
                    if self.ordered(key) and not tied and not self.silent(key, *sorted((a, b), key=self.by_stamp)):
                        yield f"key {key}: {a} and {b} are concurrent, but nothing was recorded"

    def silent(self, key, earlier, later):
        """a pair that need not leave a record: one of them changed nothing, or the later one's row had been removed
        again before the earlier commit came there"""
        same = {c.key for t in (earlier, later) for c in t.changes if c.same} | earlier.same | later.same
        return key in same or any(t.removes(key) for a, b in ((earlier, later), (later, earlier))
                                  for t in a.side.log[a.index:b.arrived])

    def by_stamp(self, txn):
        return txn.stamp, txn.side is self.new

    def corrections(self):
        for key in self.new.rows:
            why = self.undone(key) if self.judged(key) and key not in self.lives and key not in self.doubted else None
            if why:
                yield why

    def undone(self, key):
        """what became of the last correction of a name on the new side that met no other change"""
        commits = [t for t in self.writers(key)]
        renamed = [i for i, t in enumerate(commits) if t.names.get(key)]
        if not renamed or commits[renamed[-1]].side is not self.new:
            return None
        after = commits[renamed[-1]:]
        name = after[0].names[key]
        here = self.new.rows[key].values["name"]
        updates = all(c.op == "update" for t in after[1:] for c in t.changes if c.key == key)
        if here == name or not updates or any(self.concurrent(a, b) for a in commits for b in after):
            return None
        return f"key {key}: the correction {name} of {after[0]} became {here}"


JUDGES = ("agreement", "overwritten", "latest_wins", "sound", "complete", "corrections")


def arguments():
    p = argparse.ArgumentParser(description="runs the convergence rules at random",
                                formatter_class=argparse.RawDescriptionHelpFormatter,
                                epilog="\n".join(["rules:"] + [f"  {k:10}{v}" for k, v in RULES.items()]))
    p.add_argument("--runs", type=int, default=12000)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--writes", type=int, default=5, help="commits of each application")
    p.add_argument("--mode", action="append", choices=MODES, help="all of them, if not given")
    p.add_argument("--judge", action="append", choices=JUDGES, help="all of them, if not given")
    p.add_argument("--without", action="append", default=[], choices=RULES, metavar="RULE", help="switch a rule off")
    p.add_argument("--trace", action="store_true", help="print the shortest failing run")
    return p.parse_args()


def main():
    a = arguments()
    modes, judges = a.mode or MODES, {*(a.judge or JUDGES), "idle"}
    failed, found, shortest, open_ = 0, Counter(), None, Counter()
    for i in range(a.runs):
        m = Model(random.Random(a.seed * 1000003 + i), modes[i % len(modes)], a.without)
        why = {k: v for k, v in m.run(a.writes).items() if k in judges}
        failed += bool(why)
        open_[m.mode] += len(m.unknown)
        found.update(f"{m.mode}: {k}" for k in why)
        if why and (shortest is None or len(m.trace) < len(shortest[1])):
            shortest = f"run {i}, {m.mode}: {why}", m.trace
    print(f"{a.runs} runs, {failed} wrong", *(f"{k} {n}" for k, n in sorted(found.items())), sep="\n  ")
    if sum(open_.values()):
        print(f"{sum(open_.values())} keys stay open:", ", ".join(f"{k} {n}" for k, n in sorted(open_.items()) if n))
    if shortest and a.trace:
        print(shortest[0], *shortest[1], sep="\n  ")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
