"""What an interpreter of the port program can and cannot do."""

import asyncio
import io
import os
import signal
import subprocess
import sys
import threading
import time
import unittest


class TestOutput(unittest.TestCase):
    def test_streams(self):
        for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
            self.assertIsInstance(stream, io.TextIOBase)
            self.assertEqual(stream.fileno(), number)
            self.assertFalse(stream.isatty())
            self.assertEqual(stream.write("piece"), 5)
            self.assertEqual(stream.write(""), 0)
            self.assertRaises(TypeError, stream.write, b"bytes")
            self.assertEqual(stream.buffer.write(b"bytes"), 5)
            stream.flush()
            stream.writelines(["a\n", "b\n"])
            stream.close()
            self.assertFalse(stream.closed)
        self.assertIs(sys.__stdout__, sys.stdout)
        self.assertIs(sys.__stderr__, sys.stderr)

    def test_a_line_without_end_is_not_kept_for_ever(self):
        for _ in range(10):
            sys.stdout.write("x" * 10_000)
        self.assertLess(sys.stdout._partial_size, 65_536)
        sys.stdout.flush()

    def test_printing_while_printing(self):
        class Loud:
            def __str__(self):
                print("inside")
                return "outside"

        print(Loud())

    def test_threads_print_whole_lines(self):
        threads = [threading.Thread(target=lambda: [print("x" * 50) for _ in range(20)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def test_standard_input_is_empty(self):
        self.assertEqual(sys.stdin.read(), "")


class TestProcess(unittest.TestCase):
    def test_children(self):
        done = subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, check=True)
        self.assertEqual(done.stdout, b"42\n")

    def test_no_fork_no_exec(self):
        self.assertRaises(RuntimeError, os.fork)
        self.assertRaises(RuntimeError, os.execv, sys.executable, [sys.executable])

    def test_signal_handlers_stay_the_programs(self):
        self.assertRaises(ValueError, signal.signal, signal.SIGTERM, signal.SIG_IGN)

    def test_utf8_mode(self):
        self.assertEqual(sys.flags.utf8_mode, 1)
        self.assertEqual(sys.getfilesystemencoding(), "utf-8")
        self.assertEqual(sys.flags.isolated, 1)


class TestThreads(unittest.TestCase):
    def test_daemon_threads(self):
        go, done = threading.Event(), []
        thread = threading.Thread(target=lambda: done.append(go.wait(60)), daemon=True)
        thread.start()
        go.set()
        thread.join()
        self.assertEqual(done, [True])

    def test_asyncio(self):
        async def both():
            return await asyncio.gather(asyncio.sleep(0, "a"), asyncio.to_thread(str, 5))

        self.assertEqual(asyncio.run(both()), ["a", "5"])

    def test_deep_recursion_is_an_exception(self):
        def endless():
            endless()

        self.assertRaises(RecursionError, endless)
        deep = []
        for _ in range(100_000):
            deep = [deep]
        self.assertRaises(RecursionError, repr, deep)


class TestSleep(unittest.TestCase):
    def test_sleeps_at_least_as_long_as_asked(self):
        for seconds in (0, 0.01, 0.12):
            begin = time.monotonic()
            time.sleep(seconds)
            self.assertGreaterEqual(time.monotonic() - begin, seconds)

    def test_refuses_what_time_sleep_refuses(self):
        self.assertRaises(ValueError, time.sleep, -1)
        self.assertRaises(TypeError, time.sleep, "1")
        self.assertRaises(TypeError, time.sleep)
        self.assertRaises(ValueError, time.sleep, float("nan"))
