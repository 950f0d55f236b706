"""Values that are read where they lie: sd.view, and buffers that pickle's protocol 5 hands out of band."""

from __future__ import annotations

import ctypes
import gc
import pickle
import weakref
from pickle import PickleBuffer
from typing import Any

import shared_case

LARGE = 200_000


def content(size: int = LARGE) -> bytes:
    return bytes(n * 7 % 251 for n in range(size))


def address_of(view: memoryview) -> int:
    buffer = (ctypes.c_byte * 256)()  # a Py_buffer, which begins with the address
    get = ctypes.pythonapi.PyObject_GetBuffer
    get.argtypes = [ctypes.py_object, ctypes.c_void_p, ctypes.c_int]
    if get(view, buffer, 0) != 0:
        raise BufferError
    address = ctypes.c_void_p.from_buffer(buffer).value or 0
    release = ctypes.pythonapi.PyBuffer_Release
    release.argtypes = [ctypes.c_void_p]
    release(buffer)
    return address


def region_of(view: memoryview) -> str:
    """The file that a view's bytes are mapped from, as /proc/self/maps names it."""
    address = address_of(view)
    with open("/proc/self/maps") as maps:
        for line in maps:
            begin, end = (int(part, 16) for part in line.split()[0].split("-"))
            if begin <= address < end:
                return line.split(maxsplit=5)[5].strip()
    return "nowhere"


class Array:
    """What numpy's arrays are to pickle: a description, and memory."""

    def __init__(self, memory: Any, name: str = "") -> None:
        self.memory = memory
        self.name = name

    def __reduce_ex__(self, protocol: Any) -> Any:
        return Array, (PickleBuffer(self.memory), self.name)


class LargeCase(shared_case.SharedCase):
    def assert_in_table(self, view: memoryview) -> None:
        try:
            table = self.sd.handle.split(":")[0]
        except RuntimeError:  # it has no file
            table = ""
        region = region_of(view)
        self.assertTrue(table in region and region not in ("[heap]", "nowhere"), region)


class TestView(LargeCase):
    def test_of_bytes_and_bytearrays_and_text(self) -> None:
        text = "käse" * 3000
        for value, wanted in (
            (content(), content()),
            (bytearray(content()), content()),
            (text, text.encode()),
            (b"", b""),
            (b"small", b"small"),
            (bytearray(b"small"), b"small"),
        ):
            self.sd["k"] = value
            view = self.sd.view("k")
            self.assertEqual((bytes(view), view.readonly, view.format, view.ndim), (wanted, True, "B", 1))
            self.assertEqual(self.sd.get("k"), value)

    def test_large_ones_are_held_in_place_and_let_go(self) -> None:
        self.sd["k"] = content()
        self.assertEqual(self.sd.info()["pinned"], 0)
        view = self.sd.view("k")
        self.assertEqual(self.sd.info()["pinned"], 1)
        part = view[10:20]
        del view
        self.assertEqual(self.sd.info()["pinned"], 1)
        self.assertEqual(bytes(part), content()[10:20])
        del part
        gc.collect()
        self.assertEqual(self.sd.info()["pinned"], 0)

    def test_lies_in_the_table(self) -> None:
        self.sd["k"] = content()
        view = self.sd.view("k")
        self.assertEqual(address_of(view), address_of(self.sd.view("k")))
        self.assert_in_table(view)

    def test_outlives_the_key(self) -> None:
        self.sd["k"] = content()
        view = self.sd.view("k")
        self.sd["k"] = b"\0" * LARGE
        for n in range(50):
            self.sd[n] = b"\xff" * LARGE
        self.assertEqual(bytes(view), content())
        del self.sd["k"]
        for n in range(50):
            del self.sd[n]
        for n in range(50):
            self.sd[n] = b"\xfe" * LARGE
        self.assertEqual(bytes(view), content())

    def test_cannot_be_written(self) -> None:
        self.sd["k"] = bytearray(content())
        view = self.sd.view("k")
        with self.assertRaises(TypeError):
            view[0] = 1
        with self.assertRaises((TypeError, BufferError)):
            (ctypes.c_char * LARGE).from_buffer(view)
        with self.assertRaises((TypeError, BufferError)):
            (ctypes.c_char * LARGE).from_buffer(view.obj)

    def test_other_values(self) -> None:
        for value in (7, None, 1.5, [b"x"], {"k": b"x"}, {1, 2}, (b"x" * LARGE, 1)):
            self.sd["k"] = value
            with self.assertRaisesRegex(TypeError, "view\\(\\) shows bytes.*value of 'k' is none"):
                self.sd.view("k")
        with self.assertRaises(KeyError):
            self.sd.view("missing")
        self.assertRaises(TypeError, self.sd.view, 1.5)

    def test_of_the_only_buffer(self) -> None:
        self.sd["k"] = Array(bytearray(content()))
        self.assertEqual(bytes(self.sd.view("k")), content())
        self.sd["k"] = [PickleBuffer(content()), PickleBuffer(content(LARGE + 1))]
        with self.assertRaisesRegex(TypeError, "has 2 buffers"):
            self.sd.view("k")


class TestBuffers(LargeCase):
    def test_are_read_in_place(self) -> None:
        self.sd["k"] = Array(bytearray(content()), "name")
        found = self.sd["k"]
        self.assertEqual((bytes(found.memory), found.name), (content(), "name"))
        self.assertTrue(found.memory.readonly)
        self.assertEqual(address_of(found.memory) % 64, 0)
        self.assertEqual(address_of(found.memory), address_of(self.sd["k"].memory))
        self.assert_in_table(found.memory)

    def test_are_held_as_long_as_something_refers_to_them(self) -> None:
        self.sd["k"] = Array(bytearray(content()))
        found = self.sd["k"]
        again = self.sd.get("k")
        self.assertEqual(self.sd.info()["pinned"], 2)
        self.sd["k"] = 0
        for n in range(20):
            self.sd[n] = b"\xff" * LARGE
        self.assertEqual(bytes(found.memory), content())
        memory = again.memory
        del found, again
        gc.collect()
        self.assertEqual(bytes(memory), content())
        del memory
        gc.collect()
        self.assertEqual(self.sd.info()["pinned"], 0)

    def test_copy_is_the_readers_own(self) -> None:
        self.sd["k"] = [Array(bytearray(content())), Array(content())]
        mine, constant = self.sd.get("k", copy=True)
        self.assertIsInstance(mine.memory, bytearray)
        self.assertIsInstance(constant.memory, bytes)
        mine.memory[0] = 255
        self.assertEqual(self.sd.info()["pinned"], 0)
        self.assertEqual(bytes(self.sd["k"][0].memory), content())
        self.assertEqual(self.sd.get("missing", 5, copy=True), 5)
        self.assertEqual(self.sd.get("missing", default=6, copy=False), 6)

    def test_wrong_arguments_of_get(self) -> None:
        get: Any = self.sd.get
        for args, names in (
            ((), {}),
            (("k", 1, 2), {}),
            (("k", 1), {"default": 2}),
            (("k",), {"other": 1}),
            ((), {"default": 1}),
        ):
            self.assertRaises(TypeError, get, *args, **names)

    def test_many_of_all_sizes(self) -> None:
        sizes = (0, 1, 63, 64, 65, 4095, 4096, 4097, 10_000, LARGE)
        value = {size: Array(bytearray(content(size)), str(size)) for size in sizes}
        self.sd["k"] = value
        found = self.sd["k"]
        for size in sizes:
            self.assertEqual((bytes(found[size].memory), found[size].name), (content(size), str(size)))
            if size >= 4096:
                self.assertEqual(address_of(found[size].memory) % 64, 0, size)
        self.assertEqual(self.sd.get_many(["k"])["k"][LARGE].name, str(LARGE))
        self.assertTrue(memoryview(self.sd.get_many(["k"])["k"][LARGE].memory).readonly)

    def test_many_at_once(self) -> None:
        memory = bytearray(content())
        self.sd.update({"a": Array(memory, "a"), "b": 1}, c=[Array(content(), "c")])
        memory.append(1)  # nobody has it exported any more
        self.assertEqual(bytes(self.sd["a"].memory), content())
        self.assert_in_table(self.sd["a"].memory)
        self.assert_in_table(self.sd["c"][0].memory)

    def test_the_same_buffer_twice_and_slices(self) -> None:
        memory = bytearray(content())
        array = Array(memory)
        self.sd["k"] = [array, array, Array(memoryview(memory)[100:])]
        one, two, three = self.sd["k"]
        self.assertIs(one, two)
        self.assertEqual(bytes(three.memory), content()[100:])

    def test_shared_dicts_beside_them(self) -> None:
        self.sd["k"] = (self.sd, Array(content()))
        found = self.sd["k"]
        self.assertEqual(found[0], self.sd)
        found[0]["x"] = 1
        self.assertEqual(self.sd["x"], 1)

    def test_what_cannot_be_pickled_changes_nothing(self) -> None:
        self.sd["k"] = 1
        strided = memoryview(bytearray(content()))[::2]
        for bad in (Array(strided), [Array(content()), lambda: 0]):
            with self.assertRaises((BufferError, pickle.PicklingError, AttributeError)):
                self.sd["k"] = bad
        self.assertEqual(self.sd["k"], 1)

    def test_exports_end_with_the_assignment(self) -> None:
        memory = bytearray(content())
        self.sd["k"] = Array(memory)
        memory.append(1)  # BufferError if somebody still had it exported
        self.assertEqual(len(self.sd["k"].memory), LARGE)

    def test_nothing_is_left_of_the_reader(self) -> None:
        self.sd["k"] = Array(content())
        found = self.sd["k"]
        gone = weakref.ref(found)
        del found
        self.assertIsNone(gone())
        self.assertEqual(self.sd.info()["pinned"], 0)

    def test_goes_on_as_any_value(self) -> None:
        self.sd["k"] = Array(content(), "first")
        self.sd["copy"] = self.sd["k"]
        del self.sd["k"]
        self.assertEqual(bytes(self.sd["copy"].memory), content())
