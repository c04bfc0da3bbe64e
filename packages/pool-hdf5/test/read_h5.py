"""Everything h5py reads in a file, as JSON: what a scientist would see. `read_h5.py FILE`; without one, the versions."""

import json
import sys

import h5py
import numpy as np


def meaning(dataset):
    """The values as what the attribute `dtype` says they are."""
    values = dataset[()]
    kind = dataset.attrs.get("dtype")
    kind = kind.decode() if isinstance(kind, bytes) else kind
    if kind == "bool":
        return np.asarray(values, dtype=bool)
    if kind == "float16":
        return np.atleast_1d(values).view(np.float16)
    if kind == "bfloat16":
        return (np.atleast_1d(values).astype(np.uint32) << 16).view(np.float32)
    if h5py.check_string_dtype(dataset.dtype) is not None:
        return np.asarray(dataset.asstr()[()])
    return np.asarray(values)


def numbers(array):
    """As texts: JSON has no infinity, no complex numbers, and no whole numbers of 64 bits."""
    return [str(item) for item in array.ravel().tolist()]


def seen(dataset):
    values = np.ascontiguousarray(dataset[()]).reshape(dataset.shape)
    return {
        "dtype": dataset.dtype.str,
        "shape": list(dataset.shape),
        "hex": values.tobytes().hex(),
        "values": numbers(meaning(dataset)) if dataset.size < 1000 else None,
        "attributes": sorted(dataset.attrs),
    }


if len(sys.argv) == 1:
    print(f"h5py {h5py.version.version} of HDF5 {h5py.version.hdf5_version}")
else:
    with h5py.File(sys.argv[1], "r") as file:
        found = {name: seen(item) for name, item in file.items()}
        root = {name: str(np.asarray(file.attrs[name]).tolist()) for name in file.attrs}
        print(json.dumps({"datasets": found, "root": root}))
