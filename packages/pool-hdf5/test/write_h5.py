"""Writes an HDF5 file with everything that `readDatasets` reads, and prints as JSON what is in it. `write_h5.py FILE`."""

import hashlib
import json
import sys

import h5py
import numpy as np

expected = {}


def put(file, name, values, **storage):
    file.create_dataset(name, data=values, **storage)
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    expected[f"/{name}"] = {
        "dtype": values.dtype.name,
        "shape": list(values.shape),
        "sha256": hashlib.sha256(little.tobytes()).hexdigest(),
    }


def matlab(file, name, values, kind):
    file.create_dataset(name, data=values).attrs["MATLAB_class"] = np.bytes_(kind)


with h5py.File(sys.argv[1], "w") as file:
    numbers = np.arange(-12, 12).reshape(2, 3, 4)
    for code in ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16"]:
        for order in "<>":
            values = numbers.astype(order + code)
            if code[0] == "c":
                values = values + values.real.dtype.type(0.5) * 1j
                values = values.astype(order + code)
            name = f"{'big' if order == '>' else 'little'}/{code}"
            put(file, f"{name}/plain", values)
            put(file, f"{name}/scalar", values[0, 0, 1])
            put(file, f"{name}/packed", values, chunks=(2, 2, 3), compression="gzip", shuffle=True, fletcher32=True)
    put(file, "bool/plain", np.array([[True, False], [False, True]]))
    put(file, "bool/packed", np.arange(100) % 3 == 0, chunks=(7,), compression="gzip")
    put(file, "bool/scalar", np.bool_(True))
    # Several pieces of 4 MiB, in chunks that lie across, and in none.
    large = np.arange(1500 * 1000, dtype="<f8").reshape(1500, 1000)
    put(file, "large/across", large, chunks=(1500, 16), compression=1)
    put(file, "large/rows", large, chunks=(1, 1000))
    put(file, "large/plain", large.astype(">f8"))
    put(file, "large/deep", large.reshape(1, 1, 3, 500, 1000), chunks=(1, 1, 2, 100, 100))
    put(file, "empty", np.zeros((0, 3), dtype="i4"), chunks=(5, 3), maxshape=(None, 3))
    file.create_dataset("unwritten", shape=(4,), dtype="f4", fillvalue=1.5)
    rows = file.create_dataset("inner", (2,), dtype=np.dtype((">i4", (3,))))
    rows[...] = [[1, 2, 3], [4, 5, 6]]

    file["text/free"] = "Grüße 🌍"
    file["text/none"] = ""
    file["text/grid"] = np.array([["a", "Grüße"], ["", "d" * 5000]], dtype=object)
    file.create_dataset("text/many", data=[f"text {i}" for i in range(3000)], chunks=(100,), compression="gzip")
    file["text/fixed"] = np.array([b"ab", b"c", b""], dtype="S3")
    file["text/fixed-scalar"] = np.bytes_("once")
    utf8 = h5py.string_dtype("utf-8", 8)
    file.create_dataset("text/utf8", data=np.array(["Grüße".encode()], dtype=utf8), dtype=utf8)
    spaces = h5py.h5t.C_S1.copy()
    spaces.set_size(6)
    spaces.set_strpad(h5py.h5t.STR_SPACEPAD)
    space = h5py.h5s.create_simple((2,))
    padded = h5py.h5d.create(file.id, b"text/spaces", spaces, space)
    padded.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([b"ab    ", b"a b   "], dtype="S6"), mtype=spaces)
    ended = h5py.h5t.C_S1.copy()
    ended.set_size(6)
    ended.set_strpad(h5py.h5t.STR_NULLTERM)
    h5py.h5d.create(file.id, b"text/ended", ended, space).write(
        h5py.h5s.ALL, h5py.h5s.ALL, np.array([b"ab\0xyz", b"a b"], dtype="S6"), mtype=ended
    )
    file["text/latin1"] = np.array([b"Gr\xfc\xdfe"], dtype="S5")

    matlab(file, "matlab/double", np.arange(3.0), b"double")
    matlab(file, "matlab/logical", np.array([[1, 0]], dtype="u1"), b"logical")
    matlab(file, "matlab/char", np.array([[ord(c)] for c in "Grüße"], dtype="u2"), b"char")
    matlab(file, "matlab/chars", np.array([[97, 98], [99, 100]], dtype="u2"), b"char")
    matlab(file, "matlab/complex", np.array([(1, 2), (3, 4)], dtype=[("real", "f8"), ("imag", "f8")]), b"double")
    file.create_dataset("matlab/empty", data=np.array([0, 0], dtype="u8")).attrs["MATLAB_empty"] = np.uint8(1)

    file.create_dataset("enum", data=np.array([-1, 300], dtype="i2"), dtype=h5py.enum_dtype({"LOW": -1, "HIGH": 300}, "i2"))
    others = file.create_group("others")
    others["compound"] = np.array([(1, 2.5)], dtype=[("id", "i4"), ("value", "f8")])
    others["mixed"] = np.array([(1, 2)], dtype=[("r", "<f8"), ("i", ">f8")])
    others["wide"] = np.array([(1, 2)], dtype={"names": ["r", "i"], "formats": ["f8", "f8"], "offsets": [0, 16], "itemsize": 24})
    others["reference"] = np.array([file["empty"].ref], dtype=h5py.ref_dtype)
    others["region"] = np.array([file["enum"].regionref[0:1]], dtype=h5py.regionref_dtype)
    others["lists"] = np.array([np.arange(3), np.arange(2)], dtype=h5py.vlen_dtype("i4"))
    others["opaque"] = np.array([np.void(b"abcd")])
    others["quad"] = np.arange(3, dtype=np.longdouble)
    others["null"] = h5py.Empty("f8")
    others.create_dataset("lzf", data=np.arange(1000), compression="lzf")
    others["soft"] = h5py.SoftLink("/empty")
    others["nowhere"] = h5py.SoftLink("/not/there")
    others["outside"] = h5py.ExternalLink("secrets.h5", "/key")
    others["type"] = np.dtype("f8")
    others.create_dataset("elsewhere", shape=(4,), dtype="u1", external=[("secrets.bin", 0, 4)])
    layout = h5py.VirtualLayout(shape=(4,), dtype="i4")
    layout[:] = h5py.VirtualSource("secrets.h5", "key", shape=(4,))
    others.create_virtual_dataset("virtual", layout)
    others.create_dataset("huge", shape=(10**9, 10**6), dtype="f8", chunks=(100, 100))
    precise = h5py.h5t.STD_I16LE.copy()
    precise.set_precision(12)
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((3,))
    plist.set_filter(h5py.h5z.FILTER_NBIT, 0)
    bits = h5py.h5d.create(others.id, b"bits", precise, h5py.h5s.create_simple((3,)), plist)
    bits.write(h5py.h5s.ALL, h5py.h5s.ALL, np.array([-1, 5, 100], dtype="i2"))

print(json.dumps(expected))
