"""Waiting in ordinary processes: for others' writes, with signals, forks, and the ends of things."""

import os
import signal
import subprocess
import sys
import threading
import time

from erlang import SharedDict, Table
from process_case import HANG, TableCase, ended, forked, process, script

PUT = "import sys; from erlang import SharedDict; SharedDict.open(sys.argv[1])['k'] = 7"
# Says when it is about to wait, and what came of it.
WAIT = """
import signal, sys
from erlang import SharedDict
sd = SharedDict.open(sys.argv[1])
try:
    print("ready", flush=True)
    print(sd.wait("k"))
except BaseException as error:
    print(type(error).__name__)
"""


def answer(sd):
    for n in range(100):
        sd["answer"] = sd.wait("question", n, HANG)


class TestProcesses(TableCase):
    def test_a_write_of_another_process_ends_it(self):
        writer = threading.Thread(target=script, args=(PUT, self.sd.handle))
        writer.start()
        self.assertEqual(self.sd.wait("k", timeout=HANG), 7)
        writer.join()

    def test_questions_and_answers(self):
        other = process("spawn", answer, self.sd)
        for n in range(100):
            self.sd["question"] = n
            self.assertEqual(self.sd.wait("answer", n, HANG), n)
        ended(other)

    def test_in_a_forked_child(self):
        thread = threading.Thread(target=lambda: self.sd.wait("end", timeout=HANG))
        thread.start()  # the child has what it waits with, but not the thread

        def child():
            try:
                self.sd.wait("k", timeout=0.01)
                raise AssertionError("there is no k")
            except TimeoutError:
                self.sd["k"] = 1
            self.sd.wait("k", timeout=HANG)
            self.table.close()

        self.assertEqual(forked(child), 0)
        self.sd["end"] = 1
        thread.join(HANG)
        self.assertFalse(thread.is_alive())

    def test_killed_waiters_and_writers(self):
        for _ in range(5):
            waiter = self.start_waiter()
            busy = PUT.replace("['k'] = 7", ".update(x=1); [0 for _ in iter(int, 1)]")
            writer = subprocess.Popen([sys.executable, "-c", busy, self.sd.handle])
            self.sd.wait("x", timeout=HANG)
            writer.kill()
            waiter.kill()
            writer.wait()
            waiter.communicate()
            del self.sd["x"]
        self.assertEqual(script(PUT, self.sd.handle), "")
        self.assertEqual(self.sd.wait("k", timeout=0), 7)

    def start_waiter(self):
        waiter = subprocess.Popen([sys.executable, "-c", WAIT, self.sd.handle], stdout=subprocess.PIPE, text=True)
        self.assertEqual(waiter.stdout.readline(), "ready\n")
        return waiter

    def test_control_c_ends_it(self):
        waiter = self.start_waiter()
        waiter.send_signal(signal.SIGINT)
        self.assertEqual(waiter.communicate(timeout=HANG)[0], "KeyboardInterrupt\n")

    def test_the_end_of_the_dict(self):
        waiter = self.start_waiter()
        self.sd.destroy()
        self.assertEqual(waiter.communicate(timeout=HANG)[0], "RuntimeError\n")
        self.assertRaises(RuntimeError, self.sd.wait, "k")


class TestSignals(TableCase):
    def test_a_handler_runs_and_the_wait_goes_on(self):
        seen = []
        before = signal.signal(signal.SIGUSR1, lambda *_: seen.append(1) or self.sd.update(k=len(seen)))
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        threading.Thread(target=os.kill, args=(os.getpid(), signal.SIGUSR1)).start()
        self.assertEqual(self.sd.wait("k", timeout=HANG), 1)

    def test_the_time_is_not_begun_anew_by_signals(self):
        done = threading.Event()
        main = threading.get_ident()

        def send():
            while not done.is_set():
                signal.pthread_kill(main, signal.SIGUSR1)
                time.sleep(0.001)

        before = signal.signal(signal.SIGUSR1, lambda *_: None)
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        sender = threading.Thread(target=send)
        sender.start()
        began = time.monotonic()
        self.assertRaises(TimeoutError, self.sd.wait, "k", timeout=0.1)
        self.assertLess(time.monotonic() - began, 10)
        done.set()
        sender.join()


class TestEnds(TableCase):
    def waiting(self, sd):
        """A thread that waits, and the list of what it raised."""
        raised = []

        def work():
            try:
                sd.wait("k", timeout=HANG)
            except Exception as error:
                raised.append(type(error))

        thread = threading.Thread(target=work)
        thread.start()
        return thread, raised

    def test_closing_the_table_ends_it(self):
        table = Table.attach(self.table.path)
        sd = SharedDict(table.dicts()[0])
        thread, raised = self.waiting(sd)
        table.close()
        thread.join(HANG)
        self.assertEqual(raised, [ValueError])
        self.assertFalse(self.table.closed)

    def test_closing_another_use_does_not(self):
        thread, raised = self.waiting(self.sd)
        Table.attach(self.table.path).close()
        self.sd["k"] = 1
        thread.join(HANG)
        self.assertEqual(raised, [])

    def test_a_daemon_thread_may_wait_at_the_end_of_the_process(self):
        code = """
import sys, threading
from erlang import SharedDict
sd = SharedDict.open(sys.argv[1])
def again():
    while True:
        try:
            sd.wait_change("k", 0, 0.0001)
        except TimeoutError:
            pass
for _ in range(8):
    threading.Thread(target=again, daemon=True).start()
    threading.Thread(target=sd.wait, args=("k",), daemon=True).start()
sd.put("other", 1)
"""
        for _ in range(5):
            self.assertEqual(script(code, self.sd.handle), "")
