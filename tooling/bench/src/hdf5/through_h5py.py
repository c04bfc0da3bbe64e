"""One round of h5py with a load, as the JSON that child.mjs prints. `through_h5py.py COUNT BYTES SINGLES DIRECTORY`.

A single write is followed by flush and fsync, a batch by one of each: the file's structures may still be torn by a kill.
"""

import json
import os
import random
import shutil
import sys
import tempfile
import time

import h5py
import numpy as np

count, size, singles = (int(argument) for argument in sys.argv[1:4])
small = size < 4096
noise = np.random.default_rng(7)
values = [
    noise.integers(0, 256, size, dtype="u1") if small else np.arange(size // 4, dtype="f4") * 0.5 + i
    for i in range(count)
]
numbers = {}
directory = tempfile.mkdtemp(prefix="bench-", dir=sys.argv[4])


def timed(phase, act):
    start = time.perf_counter()
    result = act()
    numbers[phase] = (time.perf_counter() - start) * 1000
    return result


def create(name):
    file = h5py.File(os.path.join(directory, name), "w", libver=("v108", "v110"))
    return file, os.open(file.filename, os.O_RDWR)


def write(file, descriptor, wanted, each):
    for i in wanted:
        file.create_dataset(f"item-{i}", data=values[i])
        if each:
            file.flush()
            os.fsync(descriptor)
    if not each:
        file.flush()
        os.fsync(descriptor)


try:
    file, descriptor = create("single.h5")
    timed("single", lambda: write(file, descriptor, range(singles), True))
    file.close()
    file, descriptor = create("batch.h5")
    timed("batch", lambda: write(file, descriptor, range(count), False))
    timed("close", file.close)
    numbers["bytes"] = os.path.getsize(os.path.join(directory, "batch.h5"))
    file = timed("open", lambda: h5py.File(os.path.join(directory, "batch.h5"), "r"))
    order = list(range(count))
    random.Random(7).shuffle(order)

    def read():
        for i in order:
            found = file[f"item-{i}"][()]
            if len(found) != len(values[i]) or found[-1] != values[i][-1]:
                raise SystemExit("A value is not what was written.")

    timed("read", read)
    timed("list", lambda: len(list(file)))
    file.close()
    print(json.dumps(numbers))
finally:
    shutil.rmtree(directory)
