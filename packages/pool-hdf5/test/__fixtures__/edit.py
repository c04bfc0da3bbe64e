"""What people do to a pool's file with h5py: `edit.py NAME FILE`; without arguments, the names.

The fixtures `edited-NAME.h5.gz` are files of the pool that this was done to. `edited.test.ts` writes those that are
missing, where h5py is installed: delete them after the pool's own format has changed.
"""

import os
import sys

import h5py
import numpy as np


def add(file):
    file["added"] = np.arange(3)
    file["new"] = np.arange(4)
    file.create_group("more")["inner"] = "text"


def change(file):
    file["array"][0, 0] = 99
    file["bytes"][1] = 7


def change_text(file):
    file["json"][()] = b'{"laila_record":1,"payload":[1,2,4]}'


def delete(file):
    del file["array"]
    del file["json"]


def retype(file):
    replace(file, file["array"][()].view("i4"))


def reshape(file):
    replace(file, file["array"][()].reshape(3, 2))


def resize(file):
    replace(file, np.arange(600, dtype="f4"))


def compress(file):
    old = file["array"]
    replace(file, old[()], chunks=True, compression="gzip", shuffle=True)


def turn(file):
    replace(file, file["array"][()].astype(">f4"))


def replace(file, values, **storage):
    attributes = dict(file["array"].attrs)
    del file["array"]
    file.create_dataset("array", data=values, **storage).attrs.update(attributes)


def strip(file):
    del file["array"].attrs["laila_record"]
    del file["half"].attrs["dtype"]


def relabel(file):
    record = file["array"].attrs["laila_record"]
    record[30] ^= 1
    file["array"].attrs["laila_record"] = record


def swap(file):
    file.move("array", "old")
    file.move("other", "array")
    file.move("old", "other")


def link(file):
    del file["array"]
    file["array"] = h5py.SoftLink("/other")
    del file["bytes"]
    file["bytes"] = h5py.ExternalLink("elsewhere.h5", "/bytes")
    del file["json"]
    file.create_group("json")


def forget_one_index(file):
    del file["@laila.index"]


def forget_both(file):
    del file["@laila.index"]
    del file["@laila.index.copy"]


def disown(file):
    del file.attrs["LAILA"]


def rewrite(file):
    """As h5repack and others do: everything into a new file, which takes the old one's place."""
    with h5py.File(file.filename + ".new", "w") as copy:
        for name in file:
            file.copy(name, copy)
        copy.attrs.update(dict(file.attrs))


EDITS = {
    edit.__name__.replace("_", "-"): edit
    for edit in [
        *(add, change, change_text, delete, retype, reshape, resize, compress, turn, strip, relabel, swap, link),
        *(forget_one_index, forget_both, disown, rewrite),
    ]
}

if len(sys.argv) == 1:
    print("\n".join(EDITS))
else:
    with h5py.File(sys.argv[2], "r+") as opened:
        EDITS[sys.argv[1]](opened)
    if os.path.exists(sys.argv[2] + ".new"):
        os.replace(sys.argv[2] + ".new", sys.argv[2])
