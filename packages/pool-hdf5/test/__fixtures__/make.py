"""Writes h5py-everything.h5: what HDF5 files hold that the pool did not write. `python3 make.py`, in this directory."""

import h5py
import numpy as np

with h5py.File("h5py-everything.h5", "w", libver=("v108", "v110")) as file:
    file.attrs["title"] = "Everything"
    numbers = file.create_group("numbers")
    for code in ["i1", "u1", "<i2", ">u2", "<i4", ">i4", "<u8", ">i8", "<f2", "<f4", ">f8", "<c8", "<c16"]:
        values = np.arange(6).reshape(2, 3).astype(code)
        numbers.create_dataset(code.strip("<>") + ("-big" if ">" in code else ""), data=values)
    numbers.create_dataset("truth", data=np.array([True, False]))
    numbers["scalar"] = 2.5
    numbers["none"] = h5py.Empty("f4")
    numbers.create_dataset("nothing", shape=(0, 3), dtype="i4")
    packed = numbers.create_dataset(
        "packed", data=np.arange(1000.0), chunks=(100,), compression="gzip", shuffle=True, fletcher32=True
    )
    packed.attrs["unit"] = "m"
    packed.dims[0].label = "x"
    texts = file.create_group("texts")
    texts["free"] = "Grüße"
    texts["list"] = np.array([b"ab", b"c"], dtype="S2")
    texts["ragged"] = np.array(["a", "bcd"], dtype=h5py.string_dtype())
    others = file.create_group("others")
    others["compound"] = np.array([(1, 2.5)], dtype=[("id", "i4"), ("value", "f8")])
    others["enum"] = np.array([0, 1], dtype=h5py.enum_dtype({"RED": 0, "BLUE": 1}))
    others["opaque"] = np.array([np.void(b"abcd")])
    others["reference"] = np.array([packed.ref], dtype=h5py.ref_dtype)
    lists = others.create_dataset("lists", (2,), dtype=h5py.vlen_dtype("i4"))
    lists[0] = [1, 2, 3]
    others.create_dataset("rows", (2,), dtype="(3,)i4")
    others["type"] = np.dtype("f8")
    others["soft"] = h5py.SoftLink("/numbers/scalar")
    others["nowhere"] = h5py.SoftLink("/not/there")
    others["outside"] = h5py.ExternalLink("secrets.h5", "/key")
    others["circle"] = file["/"]
    layout = h5py.VirtualLayout(shape=(4,), dtype="i4")
    layout[:] = h5py.VirtualSource("elsewhere.h5", "data", shape=(4,))
    others.create_virtual_dataset("virtual", layout)
